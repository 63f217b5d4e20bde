import { describe, expect, it } from 'vitest';
import { measureLag } from '../../src/stream/lag.js';
import {
  brokerWithTopics,
  contents,
  deadLetters,
  GROUP,
  output,
  passOn,
  produce,
  settled,
  stageOf,
  topics,
  until,
  textOf,
  work,
} from './harness.js';

const listings = (count: number) => Array.from({ length: count }, (_, index) => `p${index % 7}:${index}`);

describe.each(['at-least-once', 'transactional'] as const)('%s', (delivery) => {
  it('passes everything on, once, and commits it', async () => {
    const broker = await brokerWithTopics();
    await produce(broker, listings(100));
    await produce(broker, listings(50), 'backfill');
    const worker = await work(broker, stageOf(passOn, delivery));
    await until(() => settled(worker) === 150);
    await worker.stop();
    expect((await contents(broker, output)).length).toBe(150);
    expect(await contents(broker, deadLetters)).toEqual([]);
    expect(await measureLag(broker, GROUP, { live: topics.of('encoded'), backfill: topics.of('encoded', 'backfill') })).toEqual({
      live: 0,
      backfill: 0,
    });
  });

  it('isolates the message that fails alone', async () => {
    const broker = await brokerWithTopics();
    await produce(broker, listings(40));
    const worker = await work(
      broker,
      stageOf((message) => {
        if (textOf(message) === 'p3:17') throw new Error('boom');
        return passOn(message);
      }, delivery),
    );
    await until(() => settled(worker) === 40);
    expect(worker.status().outcomes).toEqual({ emit: 39, drop: 0, deadLetter: 1, defer: 0 });
    await worker.stop();
    expect(await contents(broker, deadLetters)).toEqual(['p3:17']);
  });
});
