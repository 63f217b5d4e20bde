import { createMemoryContext } from '@labelstream/shared/service/memory-context';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createLaneMeter, createLatencyWindow } from '../../src/job/lane.js';

describe('the window of latencies', () => {
  it('tells the 99th percentile of the last seconds, and nothing of a few', () => {
    const window = createLatencyWindow();
    for (let i = 1; i <= 9; i += 1) window.add(1000, i);
    expect(window.p99(1000)).toBeNull();
    for (let i = 10; i <= 200; i += 1) window.add(2000, i);
    expect(window.p99(2000)).toBe(198);
    expect(window.p99(6500)).toBe(199);
    expect(window.p99(60_000)).toBeNull();
  });
});

describe('the lane meter', () => {
  it('counts what is not through in both lanes, all stages together', async () => {
    const log = pino({ level: 'silent' });
    const context = await createMemoryContext({ log });
    const { broker, topics } = context;
    await broker.ensureTopics(topics.all(), { partitions: 2 });
    const producer = await broker.producer();
    const record = (topic: string, key: string) => ({ topic, key, value: new Uint8Array([1]) });
    await producer.send([
      record(topics.of('events', 'live'), 'a'),
      record(topics.of('events', 'backfill'), 'a'),
      record(topics.of('encoded', 'backfill'), 'b'),
    ]);
    const meter = createLaneMeter({ ...context, topicPrefix: '' });
    expect(await meter.measure()).toEqual({ inFlight: 2, liveLag: 1, liveLatencyMs: null });
    meter.close();
    await broker.close();
  });
});
