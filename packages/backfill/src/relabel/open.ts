import { openObjectStore } from '@labelstream/shared/adapters/object-store';
import { fetchBundle } from '@labelstream/shared/adapters/s3/fetch-bundle';
import { openZstdCodec } from '@labelstream/shared/adapters/zstd/block-codec';
import { loadBundle } from '@labelstream/shared/bundle/load';
import { type Env, readConfig } from '@labelstream/shared/config';
import { createCodecs } from '@labelstream/shared/events/codecs';
import { createServingStore } from '@labelstream/shared/model/serving/store';
import { modelSettings } from '@labelstream/shared/model/settings';
import type { ServiceContext } from '@labelstream/shared/service/service';
import type { BackfillKind } from '../kind.js';
import { createRelabelKind } from './kind.js';

/** As long as the encoder keeps them by default: a head that is down for an hour loses none. */
const TOKEN_TTL_MS = 6 * 60 * 60 * 1000;

export interface OpenRelabelDeps {
  readonly context: Pick<ServiceContext, 'broker' | 'cache' | 'codecs' | 'state' | 'topics' | 'topicPrefix'>;
  readonly env: Env;
}

/** The re-label kind over connections that are open, for the encoder that ENCODER_BUNDLE names. Throws CONFIG_INVALID. */
export async function openRelabelKind({ context, env }: OpenRelabelDeps): Promise<BackfillKind> {
  const settings = readConfig(modelSettings, env);
  const { broker, cache, codecs, state, topics, topicPrefix: prefix } = context;
  const serving = createServingStore({ state, prefix, random: Math.random });
  return createRelabelKind({
    cache,
    codecs,
    topics,
    tokenTtlMs: TOKEN_TTL_MS,
    now: Date.now,
    openStore: (place) => openObjectStore(place, settings),
    openProducer: () => broker.producer(),
    blockCodec: await openZstdCodec(),
    listingCodec: (await createCodecs()).encoded,
    activeEncoder: async () => (await loadBundle(await fetchBundle(settings.ENCODER_BUNDLE, settings), 'encoder')).id,
    readHead: async (fusion) => {
      const { id, manifest } = await loadBundle(await fetchBundle(fusion, settings), 'fusion');
      return { id, encoderId: manifest.requires.encoder };
    },
    activeHead: async () => (await serving.read())?.current.active.id,
  });
}
