import { openObjectStore } from '@labelstream/shared/adapters/object-store';
import { openZstdCodec } from '@labelstream/shared/adapters/zstd/block-codec';
import { type Archiver, type ArchiverDeps, createArchiver } from '@labelstream/shared/archive/archiver';
import { createCodecs } from '@labelstream/shared/events/codecs';
import type { EncoderSettings } from './config.js';

export interface OpenArchiveDeps extends Pick<ArchiverDeps, 'encoderId' | 'metrics' | 'log'> {
  readonly settings: EncoderSettings;
}

/** The token archive; undefined where it is switched off. Nothing is asked of the store yet. Throws CONFIG_INVALID. */
export async function openArchive({ settings, encoderId, metrics, log }: OpenArchiveDeps): Promise<Archiver | undefined> {
  const place = settings.TOKEN_ARCHIVE;
  if (place === '') return undefined;
  const store = openObjectStore(place, settings);
  const archiver = createArchiver({
    store,
    encoderId,
    blockCodec: await openZstdCodec(),
    listingCodec: (await createCodecs()).encoded,
    settings: {
      objectBytes: settings.ARCHIVE_OBJECT_BYTES,
      maxAgeMs: settings.ARCHIVE_MAX_AGE_MS,
      bufferBytes: settings.ARCHIVE_BUFFER_BYTES,
      remembered: settings.ARCHIVE_REMEMBERED,
      closeMs: settings.ARCHIVE_CLOSE_MS,
    },
    metrics,
    log,
    now: Date.now,
  });
  return {
    ...archiver,
    async close() {
      await archiver.close();
      await store.close();
    },
  };
}
