import { randomUUID } from 'node:crypto';
import { createRedisKeyValueStore } from '@labelstream/shared/adapters/redis/key-value';
import { createLog } from '@labelstream/shared/observability/log';
import type { KeyValueStore } from '@labelstream/shared/ports/key-value';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openFusion } from './harness.js';

const SHIRT = [1, 4, 9, 2];

describe('the fusion stage over Redis', () => {
  let cache: KeyValueStore;
  let fusion: Awaited<ReturnType<typeof openFusion>>;
  beforeAll(async () => {
    cache = await createRedisKeyValueStore({ url: inject('redisCache'), role: 'cache', log: createLog({ name: 'test', level: 'silent' }) });
    fusion = await openFusion(cache);
  });
  afterAll(async () => {
    await fusion.close();
    await cache.close();
  });

  it('labels from what the encoder stored, every listing of a batch with its own sequences', async () => {
    const pictures = Array.from({ length: 7 }, (_, at) => `${randomUUID()}${'x'.repeat(at)}`);
    for (const picture of pictures) await fusion.store({ picture, ids: SHIRT });
    const batch = pictures.map((picture) => fusion.message(fusion.encoded(picture, { picture, ids: SHIRT })));
    const together = await fusion.decode(await fusion.stage.process(batch));
    for (const [at, message] of batch.entries()) {
      const [alone] = await fusion.decode(await fusion.stage.process([message]));
      expect(together[at]).toMatchObject({ productId: pictures[at], text: { state: 'USED' } });
      expect(together[at]!.imageTextMatch).toBeCloseTo(alone!.imageTextMatch!, 5);
      expect(together[at]!.labels.map(({ label }) => label)).toEqual(alone!.labels.map(({ label }) => label));
    }
    expect(new Set(together.map(({ imageTextMatch }) => imageTextMatch)).size).toBeGreaterThan(1);
  });

  it('sends back what has left the cache', async () => {
    const outcomes = await fusion.stage.process([fusion.message(fusion.encoded('p1', { picture: randomUUID() }))]);
    expect(outcomes).toMatchObject([{ kind: 'emit', note: 'SENT_BACK', records: [{ topic: 'product.events' }] }]);
  });
});
