import { randomUUID } from 'node:crypto';
import { createRedisKeyValueStore } from '@labelstream/shared/adapters/redis/key-value';
import { createLog } from '@labelstream/shared/observability/log';
import type { KeyValueStore } from '@labelstream/shared/ports/key-value';
import { decodeTokenSequence } from '@labelstream/shared/tensor/token-sequence';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { openEncoder } from './harness.js';

const SHIRT = [1, 4, 9, 2];

describe('the encoder stage over Redis', () => {
  let cache: KeyValueStore;
  let encoder: Awaited<ReturnType<typeof openEncoder>>;
  beforeAll(async () => {
    cache = await createRedisKeyValueStore({ url: inject('redisCache'), role: 'cache', log: createLog({ name: 'test', level: 'silent' }) });
    encoder = await openEncoder(cache);
  });
  afterAll(async () => {
    await encoder.close();
    await cache.close();
  });
  beforeEach(() => {
    encoder.runs.length = 0;
  });

  const listing = (picture: string) => encoder.message(encoder.prepared(picture, { picture, ids: SHIRT }));

  it('stores sequences that can be read back, and computes them only once', async () => {
    const pictures = Array.from({ length: 9 }, () => randomUUID());
    await encoder.storePixels(...pictures);
    const batch = pictures.map(listing);
    await encoder.stage.process(batch);
    const stored = await cache.getMany(pictures.map(encoder.imageKey));
    for (const value of stored)
      expect(decodeTokenSequence(value, { width: 8, embeddingWidth: 6, maxCount: 5 })).toMatchObject({ count: 5 });
    expect(encoder.runs.filter(({ graph }) => graph === 'image').map(({ rows }) => rows)).toEqual([4, 4, 1]);

    encoder.runs.length = 0;
    expect((await encoder.stage.process(batch)).every(({ kind }) => kind === 'emit')).toBe(true);
    expect(encoder.runs).toEqual([]);
  });

  it('sends back what a flush took away, and nothing else', async () => {
    const [kept, lost] = [randomUUID(), randomUUID()];
    await encoder.storePixels(kept, lost);
    await cache.deleteMany([encoder.pixelKey(lost)]);
    const outcomes = await encoder.stage.process([listing(kept), listing(lost)]);
    expect(outcomes).toMatchObject([
      { records: [{ topic: 'listings.encoded' }] },
      { note: 'SENT_BACK', records: [{ topic: 'product.events' }] },
    ]);
  });
});
