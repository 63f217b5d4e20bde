import { createMemoryObjectStore } from '@labelstream/shared/adapters/memory/object-store';
import { nameObject } from '@labelstream/shared/archive/names';
import { createObjectWriter, factsOf } from '@labelstream/shared/archive/object-writer';
import type { ArchivedSequence } from '@labelstream/shared/archive/records';
import type { EncodedListing } from '@labelstream/shared/events/records';
import type { ObjectStore } from '@labelstream/shared/ports/object-store';
import { ENCODER_ID, LISTING_CODEC, plainCodec } from '../../../shared/test/archive/fixtures.js';

export const DAY_MS = 24 * 60 * 60 * 1000;
export const START_MS = Date.UTC(2026, 10, 20);

export interface Contents {
  readonly sequences?: readonly ArchivedSequence[];
  readonly listings?: readonly EncodedListing[];
}

/** An archive in memory; each `add` is an object, begun a second after the one before. */
export function createArchive(store: ObjectStore = createMemoryObjectStore(() => START_MS)) {
  let atMs = START_MS;
  const deps = { store, codec: plainCodec, listingCodec: LISTING_CODEC, now: () => START_MS + 30 * DAY_MS };
  const keys = async () => {
    const found: string[] = [];
    for await (const { key } of store.list('')) found.push(key);
    return found;
  };
  return {
    store,
    deps,
    keys,
    /** Goes on with a later date. */
    skipDays: (days: number) => {
      atMs += days * DAY_MS;
    },
    async add({ sequences = [], listings = [] }: Contents, encoderId = ENCODER_ID) {
      atMs += 1000;
      const name = nameObject(encoderId, atMs, 'a');
      const writer = createObjectWriter({ name, codec: plainCodec, firstAtMs: atMs });
      for (const sequence of sequences) writer.sequence(sequence);
      for (const record of listings) writer.listing({ productId: record.productId, value: LISTING_CODEC.encode(record) }, factsOf(record));
      const { object, index } = writer.finish();
      await store.put(object.key, object.body);
      await store.put(index.key, index.body);
      return { object: object.key, index: index.key };
    },
  };
}
