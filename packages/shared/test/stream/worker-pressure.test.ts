import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { Broker } from '../../src/ports/broker.js';
import type { PressureSources } from '../../src/stream/pressure-probe.js';
import { sleep } from '../../src/stream/wake-up.js';
import { brokerWithTopics, lagOf, passOn, produce, settled, stageOf, topics, until, work } from './harness.js';

const listings = (count: number) => Array.from({ length: count }, (_, index) => `p${index % 7}:${index}`);
const DELIVERIES = ['at-least-once', 'transactional'] as const;

describe('back-pressure of a worker', () => {
  const freeStore = { memory: async () => null };
  const pressure: PressureSources = {
    limits: { lag: { live: 100, backfill: 10 }, memoryShare: { live: 0.95, backfill: 0.85 } },
    stores: { cache: freeStore, state: freeStore },
    groupId: (stage) => `test.labelstream-${stage}`,
    everyMs: 5,
  };
  const sinkGroup = 'test.labelstream-sink';
  const predicted = (lane: 'live' | 'backfill') => topics.of('predicted', lane);

  /** A next stage that has read everything of both lanes. */
  async function catchUp(broker: Broker): Promise<void> {
    const sink = await broker.subscribe({
      groupId: sinkGroup,
      topics: [
        { topic: predicted('live'), lane: 'live' },
        { topic: predicted('backfill'), lane: 'backfill' },
      ],
      maxBufferedPerLane: 10_000,
      from: 'earliest',
    });
    for (const lane of ['live', 'backfill'] as const) {
      const taken = sink.take(lane, 10_000);
      await sink.commit(taken.map(({ topic, partition, offset }) => ({ topic, partition, offset: offset + 1 })));
    }
    await sink.close();
  }

  it.each(DELIVERIES)(
    'stops taking from a lane when the next stage lags, goes on when it has caught up, and loses nothing (%s)',
    async (delivery) => {
      const broker = await brokerWithTopics();
      const ahead = await broker.producer();
      const bytes = new Uint8Array([1]);
      await ahead.send([{ topic: predicted('live'), key: 'p', value: bytes }]);
      await catchUp(broker);
      await ahead.send(Array.from({ length: 20 }, () => ({ topic: predicted('backfill'), key: 'p', value: bytes })));
      const registry = new Registry();
      const worker = await work(broker, stageOf(passOn, delivery), { pressure, metrics: registry });
      await until(() => worker.status().paused.backfill.length > 0);
      await produce(broker, listings(40));
      await produce(broker, listings(300), 'backfill');
      await until(() => settled(worker) === 40);
      await sleep(50);
      expect(settled(worker)).toBe(40);
      expect(worker.status()).toMatchObject({ ready: true, healthy: true, paused: { live: [], backfill: ['DOWNSTREAM_LAG'] } });
      expect(worker.status().buffered.backfill).toBeLessThanOrEqual(64);
      expect(await registry.metrics()).toContain('labelstream_paused{stage="fusion",lane="backfill",reason="DOWNSTREAM_LAG"} 1');
      await catchUp(broker);
      await until(async () => {
        await catchUp(broker);
        return settled(worker) === 340;
      });
      await worker.stop();
      expect(await lagOf(broker)).toBe(0);
    },
  );

  it('is none without a next stage that ever ran', async () => {
    const broker = await brokerWithTopics();
    await produce(broker, listings(500));
    const worker = await work(broker, stageOf(passOn), { pressure });
    await until(() => settled(worker) === 500);
    expect(worker.status()).toMatchObject({ paused: { live: [], backfill: [] }, downstreamLag: null });
    await worker.stop();
  });
});
