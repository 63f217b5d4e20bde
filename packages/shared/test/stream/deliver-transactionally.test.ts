import { describe, expect, it } from 'vitest';
import { LabelstreamError } from '../../src/errors.js';
import type { InMessage } from '../../src/ports/broker.js';
import { deadLetter } from '../../src/stream/outcome.js';
import { sleep } from '../../src/stream/wake-up.js';
import { type Fault, withFaults } from './faults.js';
import {
  brokerWithTopics,
  contents,
  deadLetters,
  GROUP,
  lagOf,
  output,
  passOn,
  produce,
  settled,
  stageOf,
  stageOfBatches,
  textOf,
  topics,
  until,
  work,
} from './harness.js';

const positionOf = ({ topic, partition, offset }: InMessage) => `${topic}/${partition}/${offset}`;
const values = (count: number, key = 'p') => Array.from({ length: count }, (_, index) => `${key}:${index}`);
const noAnswer = () => new LabelstreamError('BROKER_UNAVAILABLE', 'no answer');

/** A stage that passes on and remembers the positions of every call. */
function recording() {
  const calls: string[][] = [];
  const stage = stageOfBatches(async (batch) => {
    calls.push(batch.map(positionOf));
    return batch.map(passOn);
  }, 'transactional');
  return { calls, stage };
}

describe('a transaction', () => {
  it('holds all records of a micro-batch, dead letters included, and the positions of both lanes', async () => {
    const broker = await brokerWithTopics(1);
    await produce(broker, values(3));
    await produce(broker, values(2, 'b'), 'backfill');
    const transactions: string[][] = [];
    const watched = withFaults(broker, {
      onTransaction: (records) => {
        transactions.push(records.map(({ topic }) => topic));
        return 'none';
      },
    });
    const decide = (message: InMessage) => (textOf(message) === 'p:1' ? deadLetter('EVENT_INVALID', 'why') : passOn(message));
    const worker = await work(watched, stageOf(decide, 'transactional'));
    await until(() => settled(worker) === 5);
    expect(transactions).toEqual([[output, deadLetters, output, output, output]]);
    expect(await broker.committed(GROUP, [topics.of('encoded'), topics.of('encoded', 'backfill')])).toEqual([
      { topic: topics.of('encoded'), partition: 0, offset: 3 },
      { topic: topics.of('encoded', 'backfill'), partition: 0, offset: 2 },
    ]);
    await worker.stop();
  });

  it('is one at a time per partition, while partitions overlap', async () => {
    const broker = await brokerWithTopics(4);
    await produce(
      broker,
      Array.from({ length: 120 }, (_, index) => `p${index}:0`),
    );
    const busy = new Map<number, number>();
    let mostPerPartition = 0;
    let mostPartitions = 0;
    const stage = stageOfBatches(async (batch) => {
      const partition = batch[0]!.partition;
      expect(new Set(batch.map((message) => message.partition)).size).toBe(1);
      busy.set(partition, (busy.get(partition) ?? 0) + 1);
      mostPerPartition = Math.max(mostPerPartition, busy.get(partition)!);
      mostPartitions = Math.max(mostPartitions, busy.size);
      await sleep(3);
      busy.delete(partition);
      return batch.map(passOn);
    }, 'transactional');
    const worker = await work(broker, stage, { settings: { maxBatchSize: 4 } });
    await until(() => settled(worker) === 120);
    await worker.stop();
    expect(mostPerPartition).toBe(1);
    expect(mostPartitions).toBe(4);
  });

  it('carries the id of group and partition, opened with the first message of the partition', async () => {
    const broker = await brokerWithTopics(8);
    const opened: string[] = [];
    const watched = withFaults(broker, {
      onOpen: (id) => {
        opened.push(id);
        return 'none';
      },
    });
    const seen = new Set<number>();
    const stage = stageOf((message) => {
      seen.add(message.partition);
      return passOn(message);
    }, 'transactional');
    const worker = await work(watched, stage);
    await sleep(20);
    expect(opened).toEqual([]);
    await produce(broker, values(3));
    await until(() => settled(worker) === 3);
    expect(opened).toEqual([...seen].map((partition) => `${GROUP}-${partition}`));
    await worker.stop();
  });
});

describe('a commit without an answer', () => {
  async function run(faults: Fault[]) {
    const broker = await brokerWithTopics(1);
    await produce(broker, values(4));
    const { calls, stage } = recording();
    const worker = await work(withFaults(broker, { onTransaction: () => faults.shift() ?? 'none' }), stage);
    await until(() => settled(worker) === 4);
    await worker.stop();
    return { calls, outcomes: worker.status().outcomes, written: await contents(broker, output), lag: await lagOf(broker) };
  }

  it('that had been carried out is not made again: neither the call of the stage nor the records', async () => {
    const { calls, outcomes, written, lag } = await run(['unanswered']);
    expect(calls.length).toBe(1);
    expect(outcomes.emit).toBe(4);
    expect(written).toEqual(values(4));
    expect(lag).toBe(0);
  });

  it('that had not been carried out is made again, and the stage sees the very same positions', async () => {
    const { calls, outcomes, written, lag } = await run(['lost', 'lost']);
    expect(calls.length).toBe(3);
    expect(calls[1]).toEqual(calls[0]);
    expect(calls[2]).toEqual(calls[0]);
    expect(outcomes.emit).toBe(4);
    expect(written).toEqual(values(4));
    expect(lag).toBe(0);
  });

  it('is decided by the producer that is opened next, even when opening it takes several attempts', async () => {
    const broker = await brokerWithTopics(1);
    await produce(broker, values(4));
    const { calls, stage } = recording();
    const transactions: Fault[] = ['unanswered'];
    const openings: Fault[] = ['none', noAnswer(), noAnswer()];
    const faulty = withFaults(broker, { onTransaction: () => transactions.shift() ?? 'none', onOpen: () => openings.shift() ?? 'none' });
    const worker = await work(faulty, stage);
    await until(() => settled(worker) === 4);
    await worker.stop();
    expect(calls.length).toBe(1);
    expect(await contents(broker, output)).toEqual(values(4));
  });
});

describe('owners of a partition', () => {
  it('skip what a former owner has committed after they had begun to read', async () => {
    const broker = await brokerWithTopics(1);
    await produce(broker, values(6));
    const topic = topics.of('encoded');
    const zombie = await broker.transactionalProducer(`${GROUP}-0`);
    // The zombie's last transaction goes through just before its successor opens the producer and thereby fences it.
    const racing = withFaults(broker, { onOpen: () => 'none' });
    const late = {
      ...racing,
      async transactionalProducer(id: string) {
        await zombie.commit([{ topic: output, key: 'p', value: null }], { groupId: GROUP, offsets: [{ topic, partition: 0, offset: 4 }] });
        return racing.transactionalProducer(id);
      },
    };
    const { calls, stage } = recording();
    const worker = await work(late, stage);
    await until(() => settled(worker) === 2);
    await worker.stop();
    expect(calls.flat()).toEqual([`${topic}/0/4`, `${topic}/0/5`]);
    expect(await contents(broker, output)).toEqual(['null', 'p:4', 'p:5']);
    await expect(zombie.commit([], { groupId: GROUP, offsets: [] })).rejects.toMatchObject({ code: 'BROKER_FENCED' });
  });

  it('end their process when they are fenced while they believe to own the partition', async () => {
    const broker = await brokerWithTopics(1);
    await produce(broker, values(2));
    const { stage } = recording();
    const fenced = withFaults(broker, { onTransaction: () => new LabelstreamError('BROKER_FENCED', 'a newer producer took over') });
    const worker = await work(fenced, stage);
    await expect(worker.failed).rejects.toMatchObject({ code: 'BROKER_FENCED' });
    await worker.stop();
    expect(settled(worker)).toBe(0);
    expect(await lagOf(broker)).toBe(2);
  });
});

describe('lanes of a sequence', () => {
  it('live goes first, and a backfill still trickles', async () => {
    const broker = await brokerWithTopics(1);
    await produce(broker, values(100, 'b'), 'backfill');
    await produce(broker, values(100, 'l'));
    const { stage } = recording();
    const worker = await work(broker, stage, {
      settings: { maxBatchSize: 10, backfillShare: 0.1, backfillBatchMs: 0, maxBufferedPerLane: 100 },
    });
    await until(() => settled(worker) === 200);
    await worker.stop();
    const written = await contents(broker, output);
    expect(written.slice(0, 100).filter((value) => value.startsWith('b')).length).toBe(10);
    expect(written.filter((value) => value.startsWith('b'))).toEqual(values(100, 'b'));
  });
});
