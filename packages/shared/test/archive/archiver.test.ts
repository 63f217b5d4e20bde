import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMemoryObjectStore } from '../../src/adapters/memory/object-store.js';
import { type ArchiverSettings, createArchiver } from '../../src/archive/archiver.js';
import { decodeIndex } from '../../src/archive/index-file.js';
import { readKey } from '../../src/archive/names.js';
import { readObject } from '../../src/archive/object-reader.js';
import { LabelstreamError } from '../../src/errors.js';
import type { ObjectStore } from '../../src/ports/object-store.js';
import { quiet } from '../stream/harness.js';
import { ENCODER_ID, encodedListing, LISTING_CODEC, plainCodec, sequenceOf } from './fixtures.js';

const SETTINGS: ArchiverSettings = { objectBytes: 10_000, maxAgeMs: 1000, bufferBytes: 100_000, remembered: 3, closeMs: 2000 };

function open(store: Pick<ObjectStore, 'put'>, over: Partial<ArchiverSettings> = {}) {
  const counts: Record<string, number> = {};
  const count = (name: string, by: number) => {
    counts[name] = (counts[name] ?? 0) + by;
  };
  const archiver = createArchiver({
    store,
    encoderId: ENCODER_ID,
    blockCodec: plainCodec,
    listingCodec: LISTING_CODEC,
    settings: { ...SETTINGS, ...over },
    metrics: {
      records: (kind, outcome, by) => count(`${kind} ${outcome}`, by),
      stored: () => count('stored', 1),
      failed: () => count('failed', 1),
      buffered: (sizeBytes) => {
        counts.buffered = sizeBytes;
      },
    },
    log: quiet,
    now: () => Date.UTC(2026, 10, 24),
  });
  return { archiver, counts };
}

async function keysIn(store: ObjectStore) {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys;
}

async function recordsIn(store: ObjectStore) {
  const records: string[] = [];
  for (const key of await keysIn(store)) {
    if (readKey(key)?.kind !== 'index') continue;
    const index = decodeIndex((await store.get(key))!, plainCodec);
    const object = (await store.get(key.replace('.index.avro', '.avro')))!;
    for (const block of readObject(object, index, plainCodec)) {
      for (const each of block) records.push(each.kind === 'listing' ? each.productId : each.sha256);
    }
  }
  return records;
}

describe('the archiver', () => {
  let store: ObjectStore;
  beforeEach(() => {
    vi.useFakeTimers();
    store = createMemoryObjectStore();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('archives each sequence once and every listing, a deleted one too', async () => {
    const { archiver, counts } = open(store);
    const image = sequenceOf('image', 'a');
    archiver.sequence(image);
    archiver.sequence(image);
    archiver.listing(encodedListing('p1', { picture: 'a' }));
    archiver.listing(encodedListing('p1', {}, { op: 'DELETE', version: 2 }));
    await archiver.close();
    expect(await recordsIn(store)).toEqual([image.sha256, 'p1', 'p1']);
    expect(counts).toMatchObject({ 'sequence archived': 1, 'sequence known': 1, 'listing archived': 2, stored: 1, buffered: 0 });
  });

  it('remembers so many contents and no more', async () => {
    const { archiver, counts } = open(store);
    for (const name of ['a', 'b', 'c', 'd', 'd', 'a']) archiver.sequence(sequenceOf('text', name));
    await archiver.close();
    expect(counts).toMatchObject({ 'sequence archived': 5, 'sequence known': 1 });
  });

  it('begins a new object by size and by age', async () => {
    const { archiver } = open(store);
    archiver.sequence(sequenceOf('image', 'large', 11_000));
    await vi.advanceTimersByTimeAsync(1);
    expect(await keysIn(store)).toHaveLength(2);
    archiver.sequence(sequenceOf('image', 'small'));
    await vi.advanceTimersByTimeAsync(900);
    expect(await keysIn(store)).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(200);
    expect(await keysIn(store)).toHaveLength(4);
    await archiver.close();
    expect(await keysIn(store)).toHaveLength(4);
  });

  it('goes on while the store is down, loses what does not fit, says so, and stores the rest later', async () => {
    let isDown = true;
    const put: ObjectStore['put'] = async (key, body) => {
      if (isDown) throw new LabelstreamError('OBJECT_STORE_UNAVAILABLE', 'no answer');
      await store.put(key, body);
    };
    const { archiver, counts } = open({ put }, { bufferBytes: 25_000 });
    for (const name of ['a', 'bb', 'ccc', 'dddd']) archiver.sequence(sequenceOf('image', name, 10_000));
    archiver.listing(encodedListing('p1', {}));
    await vi.advanceTimersByTimeAsync(5000);
    expect(counts).toMatchObject({ 'sequence lost': 2, failed: expect.any(Number) });
    expect(await keysIn(store)).toEqual([]);
    isDown = false;
    await vi.advanceTimersByTimeAsync(60_000);
    // What was lost is not taken for archived: it is taken when it comes again.
    archiver.sequence(sequenceOf('image', 'dddd', 10_000));
    await archiver.close();
    expect(await recordsIn(store)).toHaveLength(4);
    expect(counts).toMatchObject({ 'sequence archived': 3, 'listing archived': 1 });
  });

  it('ends in time though the store never answers, and takes nothing more', async () => {
    const { archiver, counts } = open({ put: () => new Promise(() => {}) });
    archiver.listing(encodedListing('p1', {}));
    const closed = archiver.close();
    await vi.advanceTimersByTimeAsync(2001);
    await closed;
    archiver.listing(encodedListing('p2', {}));
    expect(counts).toMatchObject({ 'listing lost': 1 });
  });

  it('stores the index after the object', async () => {
    const puts: (string | undefined)[] = [];
    const { archiver } = open({ put: async (key) => void puts.push(readKey(key)?.kind) });
    archiver.listing(encodedListing('p1', {}));
    await archiver.close();
    expect(puts).toEqual(['object', 'index']);
  });
});
