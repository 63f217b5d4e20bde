import type { RewriteDeps } from '@labelstream/backfill/archive/rewrite';
import { readConfig } from '@labelstream/shared/config';
import { LabelstreamError } from '@labelstream/shared/errors';
import { absolute } from '../backfill/flags.js';
import type { CliConfig } from '../config.js';

/** An archive that is open, and the encoders that were asked for. */
export interface OpenArchive extends RewriteDeps {
  readonly encoders: readonly string[];
}

/** Opens the archive that the command line or TOKEN_ARCHIVE names, and closes it after `act`. Throws USAGE where neither does. */
export async function withArchive<T>(
  { archive, encoder }: { readonly archive?: string; readonly encoder?: string },
  { env }: Pick<CliConfig, 'env'>,
  act: (archive: OpenArchive) => Promise<T>,
): Promise<T> {
  // What is typed is meant from here; TOKEN_ARCHIVE is what the services have, who are elsewhere: there a relative path is refused.
  const place = archive === undefined ? (env.TOKEN_ARCHIVE ?? '') : absolute(archive);
  if (place === '') throw new LabelstreamError('USAGE', 'No archive is named: add --archive PLACE, or set TOKEN_ARCHIVE.');
  // With the stores come their client libraries: loaded here, they cost `--help` nothing.
  const [{ openObjectStore }, { openZstdCodec }, { createCodecs }, { encodersIn }, { bundleStoreSettings }] = await Promise.all([
    import('@labelstream/shared/adapters/object-store'),
    import('@labelstream/shared/adapters/zstd/block-codec'),
    import('@labelstream/shared/events/codecs'),
    import('@labelstream/backfill/archive/view'),
    import('@labelstream/shared/model/settings'),
  ]);
  const store = openObjectStore(place, readConfig(bundleStoreSettings, env));
  try {
    const all = await encodersIn(store);
    if (encoder !== undefined && !all.includes(encoder)) {
      const has = all.length === 0 ? 'is empty' : `has ${all.join(', ')}`;
      throw new LabelstreamError('USAGE', `${place} has nothing of ${encoder}; it ${has}.`);
    }
    const encoders = encoder === undefined ? all : [encoder];
    return await act({ store, codec: await openZstdCodec(), listingCodec: (await createCodecs()).encoded, encoders });
  } finally {
    await store.close();
  }
}
