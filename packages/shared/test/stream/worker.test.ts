import { describe, expect, it } from 'vitest';
import { LabelstreamError } from '../../src/errors.js';
import type { InMessage } from '../../src/ports/broker.js';
import type { Outcome } from '../../src/stream/outcome.js';
import { sleep } from '../../src/stream/wake-up.js';
import { withFaults } from './faults.js';
import {
  brokerWithTopics,
  contents,
  deadLetters,
  lagOf,
  output,
  passOn,
  produce,
  settled,
  stageOf,
  stageOfBatches,
  textOf,
  until,
  work,
} from './harness.js';

const listings = (count: number) => Array.from({ length: count }, (_, index) => `p${index % 7}:${index}`);
const DELIVERIES = ['at-least-once', 'transactional'] as const;

describe.each(DELIVERIES)('a worker, %s', (delivery) => {
  it('passes both lanes on, once, commits them, and is gone when it has stopped', async () => {
    const broker = await brokerWithTopics();
    await produce(broker, listings(100));
    await produce(broker, listings(50), 'backfill');
    const worker = await work(broker, stageOf(passOn, delivery));
    await until(() => settled(worker) === 150);
    await worker.stop();
    expect((await contents(broker, output)).sort()).toEqual([...listings(100), ...listings(50)].sort());
    expect(await contents(broker, deadLetters)).toEqual([]);
    expect(await lagOf(broker)).toBe(0);
    await produce(broker, ['late:0']);
    await sleep(20);
    expect(settled(worker)).toBe(150);
  });

  it('isolates the message that fails alone', async () => {
    const broker = await brokerWithTopics();
    await produce(broker, listings(40));
    const fail = (message: InMessage) => {
      if (textOf(message) === 'p3:17') throw new Error('boom');
      return passOn(message);
    };
    const worker = await work(broker, stageOf(fail, delivery));
    await until(() => settled(worker) === 40);
    expect(worker.status().outcomes).toEqual({ emit: 39, drop: 0, deadLetter: 1, defer: 0 });
    await worker.stop();
    expect(await contents(broker, deadLetters)).toEqual(['p3:17']);
    expect((await contents(broker, output)).length).toBe(39);
  });

  it('waits while something is down, is not ready meanwhile, and loses nothing', async () => {
    const broker = await brokerWithTopics();
    await produce(broker, listings(30));
    let isDown = true;
    const stage = stageOf((message) => {
      if (isDown) throw new LabelstreamError('CACHE_UNAVAILABLE', 'down');
      return passOn(message);
    }, delivery);
    const worker = await work(broker, stage);
    await until(() => worker.status().outages.length > 0);
    expect(worker.status()).toMatchObject({ ready: false, healthy: true, outages: ['CACHE_UNAVAILABLE'] });
    isDown = false;
    await until(() => settled(worker) === 30);
    expect(worker.status()).toMatchObject({ ready: true, outages: [], outcomes: { emit: 30, deadLetter: 0 } });
    await worker.stop();
  });

  it('finishes and commits on stop what is under way', async () => {
    const broker = await brokerWithTopics();
    await produce(broker, listings(8));
    let begun = false;
    const stage = stageOf(async (message) => {
      begun = true;
      await sleep(30);
      return passOn(message);
    }, delivery);
    const worker = await work(broker, stage);
    await until(() => begun);
    await worker.stop();
    const written = await contents(broker, output);
    expect(written.length).toBe(settled(worker));
    expect(written.length).toBeGreaterThan(0);
    expect(await lagOf(broker)).toBe(8 - written.length);
  });

  it('stops within its deadline when work under way hangs, and leaves it to be delivered again', async () => {
    const broker = await brokerWithTopics();
    await produce(broker, listings(3));
    let begun = false;
    const hang = stageOf(() => {
      begun = true;
      return new Promise<Outcome>(() => {});
    }, delivery);
    const worker = await work(broker, hang, { settings: { shutdownDeadlineMs: 20 } });
    await until(() => begun);
    // The in-memory group waits for its own drain of the hanging work: only the worker's part is of interest here.
    await Promise.race([worker.stop(), sleep(300)]);
    expect(await lagOf(broker)).toBe(3);
    expect(settled(worker)).toBe(0);
  });

  it('does not wait for the end of an outage when it stops', async () => {
    const broker = await brokerWithTopics();
    await produce(broker, listings(20));
    const down = stageOf(() => Promise.reject(new LabelstreamError('STATE_UNAVAILABLE', 'down')), delivery);
    const worker = await work(broker, down, { settings: { backoff: { baseMs: 60_000, maxMs: 60_000 } } });
    await until(() => worker.status().outages.length > 0);
    await worker.stop();
    expect(await lagOf(broker)).toBe(20);
    expect(worker.status().outages).toEqual([]);
  });

  it('keeps the order of each key, however unevenly batches take', async () => {
    const broker = await brokerWithTopics(2);
    await produce(broker, listings(200));
    let batches = 0;
    const stage = stageOfBatches(async (batch) => {
      batches += 1;
      await sleep(batches % 2 === 1 ? 6 : 0);
      return batch.map(passOn);
    }, delivery);
    const worker = await work(broker, stage, { settings: { maxInFlight: 4, maxBatchSize: 5 } });
    await until(() => settled(worker) === 200);
    await worker.stop();
    const written = await contents(broker, output);
    for (let key = 0; key < 7; key += 1) {
      const ofKey = written.filter((value) => value.startsWith(`p${key}:`)).map((value) => Number(value.split(':')[1]));
      expect(ofKey).toEqual([...ofKey].sort((a, b) => a - b));
    }
  });

  it('turns a record that is too large into a dead letter and writes the rest', async () => {
    const broker = await brokerWithTopics();
    await produce(broker, listings(20));
    const inflate = (message: InMessage): Outcome => {
      const value = textOf(message) === 'p5:12' ? new Uint8Array(9_000_000) : message.value;
      return { kind: 'emit', records: [{ topic: output, key: message.key ?? '', value }] };
    };
    const worker = await work(broker, stageOf(inflate, delivery));
    await until(() => settled(worker) === 20);
    await worker.stop();
    expect(worker.status().outcomes).toMatchObject({ emit: 19, deadLetter: 1 });
    expect(await contents(broker, deadLetters)).toEqual(['p5:12']);
  });

  it('is unhealthy when its work hangs, and well while it waits for an outage to end', async () => {
    const broker = await brokerWithTopics();
    let nowMs = Date.now();
    let behaviour: 'down' | 'hang' = 'down';
    const stage = stageOf(() => {
      if (behaviour === 'down') throw new LabelstreamError('CACHE_UNAVAILABLE', 'down');
      return new Promise<Outcome>(() => {});
    }, delivery);
    const worker = await work(broker, stage, { now: () => nowMs, settings: { watchdogMs: 60_000, shutdownDeadlineMs: 1 } });
    nowMs += 61_000;
    await sleep(1100);
    expect(worker.status().healthy).toBe(true);
    await produce(broker, ['p:0']);
    await until(() => worker.status().outages.length > 0);
    nowMs += 61_000;
    await sleep(20);
    expect(worker.status().healthy).toBe(true);
    behaviour = 'hang';
    await until(() => worker.status().inFlight === 1);
    await sleep(20);
    nowMs += 61_000;
    await sleep(1100);
    expect(worker.status().healthy).toBe(false);
  });

  it('shares the work with a second member, and neither loses nor invents an outcome in the rebalances', async () => {
    const broker = await brokerWithTopics(6);
    const stage = stageOf(async (message) => {
      await sleep(1);
      return passOn(message);
    }, delivery);
    const first = await work(broker, stage);
    await produce(broker, listings(150));
    await until(() => settled(first) > 20);
    const second = await work(broker, stage);
    await produce(broker, listings(150), 'backfill');
    await until(() => settled(second) > 20);
    await first.stop();
    await until(async () => (await lagOf(broker)) === 0);
    await second.stop();
    expect(settled(first) + settled(second)).toBe(300);
    expect((await contents(broker, output)).sort()).toEqual([...listings(150), ...listings(150)].sort());
  });
});

describe('lanes', () => {
  it('live goes first, and a backfill still trickles', async () => {
    const broker = await brokerWithTopics(1);
    await produce(broker, listings(200), 'backfill');
    await produce(broker, listings(200));
    const lanes: string[] = [];
    const stage = stageOf((message) => {
      lanes.push(message.lane);
      return passOn(message);
    });
    const worker = await work(broker, stage, {
      settings: { maxBatchSize: 20, maxBufferedPerLane: 200, backfillShare: 0.1, backfillBatchMs: 0, maxInFlight: 1 },
    });
    await until(() => settled(worker) === 400);
    await worker.stop();
    const whileContested = lanes.slice(0, 200);
    expect(whileContested.filter((lane) => lane === 'backfill').length).toBe(20);
  });

  it('a worker of one lane takes it off those that take both, and they have it back when it is gone', async () => {
    const broker = await brokerWithTopics(2);
    const takenBy: Record<string, string[]> = { both: [], backfill: [] };
    const stage = (name: 'both' | 'backfill') =>
      stageOf((message) => {
        takenBy[name]?.push(textOf(message));
        return passOn(message);
      });
    const both = await work(broker, stage('both'));
    const alone = await work(broker, stage('backfill'), { settings: { lanes: ['backfill'] } });
    await produce(broker, ['live:0', 'live:1']);
    await produce(broker, ['old:0', 'old:1'], 'backfill');
    await until(() => settled(both) + settled(alone) === 4);
    expect([takenBy.both?.sort(), takenBy.backfill?.sort()]).toEqual([
      ['live:0', 'live:1'],
      ['old:0', 'old:1'],
    ]);
    await alone.stop();
    await produce(broker, ['old:2'], 'backfill');
    await until(() => takenBy.both?.includes('old:2') === true);
    await both.stop();
  });

  it('a stage that puts both lanes in one order refuses to take one alone', async () => {
    const broker = await brokerWithTopics();
    const settings = { lanes: ['backfill'] as const };
    await expect(work(broker, stageOf(passOn, 'transactional'), { settings })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('one listing at rest does not wait for company', async () => {
    const broker = await brokerWithTopics();
    const worker = await work(broker, stageOf(passOn), { settings: { maxBatchAgeMs: 10_000 } });
    await sleep(20);
    const startedMs = performance.now();
    await produce(broker, ['p:0']);
    await until(() => settled(worker) === 1);
    expect(performance.now() - startedMs).toBeLessThan(500);
    await worker.stop();
  });
});

describe('failures that end the work', () => {
  it('are told to whoever listens, and no more messages are taken', async () => {
    const broker = await brokerWithTopics();
    const refusing = withFaults(broker, { onSend: () => new LabelstreamError('CONFIG_INVALID', 'not authorised') });
    let calls = 0;
    const stage = stageOf((message) => {
      calls += 1;
      return passOn(message);
    });
    const worker = await work(refusing, stage);
    await produce(broker, ['p:0']);
    await expect(worker.failed).rejects.toThrow('not authorised');
    expect(worker.status()).toMatchObject({ ready: false, healthy: false });
    await produce(broker, ['p:1']);
    await sleep(30);
    expect(calls).toBe(1);
    await worker.stop();
    expect(await lagOf(broker)).toBe(2);
  });
});
