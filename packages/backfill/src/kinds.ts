import { s3Options } from '@labelstream/shared/adapters/s3/client';
import { type Env, readConfig } from '@labelstream/shared/config';
import type { ServiceContext } from '@labelstream/shared/service/service';
import type { Lifecycle } from '@labelstream/shared/stream/lifecycle';
import { openListingsEdges } from './adapters/source/open-listings.js';
import { backfillSettings } from './config.js';
import type { BackfillKinds } from './job/openings.js';
import { openRelabelKind } from './relabel/open.js';
import { createListingsKind } from './source/listings-kind.js';
import { createReplayKind } from './source/replay-kind.js';

export interface OpenKindsDeps {
  readonly context: ServiceContext;
  readonly env: Env;
  /** Remembers what is opened; whoever gives it closes it. */
  readonly lifecycle: Lifecycle;
}

/** The kinds of backfill, over connections that are open. Throws CONFIG_INVALID. */
export async function openKinds({ context, env, lifecycle }: OpenKindsDeps): Promise<Required<BackfillKinds>> {
  const settings = readConfig(backfillSettings, env);
  const edges = await lifecycle.open(
    'sources',
    async () => openListingsEdges({ s3: s3Options(settings), cacheDirectory: settings.BACKFILL_PICTURES_DIR }),
    async (opened) => opened.close(),
  );
  const tokens = await openRelabelKind({ context, env });
  return { listings: createListingsKind({ ...edges, ...context }), topic: createReplayKind(context), tokens };
}
