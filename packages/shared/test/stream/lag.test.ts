import { describe, expect, it } from 'vitest';
import { LabelstreamError } from '../../src/errors.js';
import type { TopicInfo } from '../../src/ports/broker.js';
import { measureKnownLag, measureLag, startLagProbe } from '../../src/stream/lag.js';
import { quiet, until } from './harness.js';

const topics = { live: 'x', backfill: 'x.backfill' };
const info = (topic: string, partition: number, earliest: number, latest: number): TopicInfo => ({ topic, partition, earliest, latest });

function brokerOf(partitions: TopicInfo[], committed: { topic: string; partition: number; offset: number }[]) {
  return { describe: async () => partitions, committed: async () => committed };
}

describe('measureLag', () => {
  it('sums over partitions, per lane', async () => {
    const broker = brokerOf(
      [info('x', 0, 0, 10), info('x', 1, 0, 5), info('x.backfill', 0, 0, 100)],
      [
        { topic: 'x', partition: 0, offset: 8 },
        { topic: 'x', partition: 1, offset: 5 },
        { topic: 'x.backfill', partition: 0, offset: 40 },
      ],
    );
    expect(await measureLag(broker, 'g', topics)).toEqual({ live: 2, backfill: 60 });
  });

  it('counts from the first message that is still there where nothing is committed, or what was committed has expired', async () => {
    const broker = brokerOf([info('x', 0, 7, 10), info('x', 1, 7, 10)], [{ topic: 'x', partition: 1, offset: 2 }]);
    expect(await measureLag(broker, 'g', topics)).toEqual({ live: 6, backfill: 0 });
  });
});

describe('measureKnownLag', () => {
  it('knows nothing of a group that has never committed, and counts the whole lag of one that has', async () => {
    const partitions = [info('x', 0, 0, 10), info('x', 1, 0, 5)];
    expect(await measureKnownLag(brokerOf(partitions, []), 'g', topics)).toBeNull();
    const broker = brokerOf(partitions, [{ topic: 'x', partition: 0, offset: 8 }]);
    expect(await measureKnownLag(broker, 'g', topics)).toEqual({ live: 7, backfill: 0 });
  });
});

describe('startLagProbe', () => {
  it('keeps the last measurement while the broker is down, and says that it is', async () => {
    const answers = [[info('x', 0, 0, 3)], null, null];
    let asked = 0;
    const broker = {
      async describe() {
        const answer = answers[Math.min(asked++, 2)];
        if (!answer) throw new LabelstreamError('BROKER_UNAVAILABLE', 'down');
        return answer;
      },
      committed: async () => [],
    };
    const seen: string[] = [];
    let outages = 0;
    const probe = startLagProbe({
      broker,
      groupId: 'g',
      topics,
      everyMs: 1,
      log: quiet,
      onMeasured: (lane, messages) => seen.push(`${lane} ${messages}`),
      onOutage: () => {
        outages += 1;
      },
    });
    expect(probe.latest()).toBeNull();
    await until(() => asked > 2);
    expect(probe.latest()).toEqual({ live: 3, backfill: 0 });
    expect(probe.outages()).toEqual(['BROKER_UNAVAILABLE']);
    expect(outages).toBeGreaterThan(0);
    expect(seen).toEqual(['live 3', 'backfill 0']);
    probe.close();
  });
});
