import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMemoryBroker } from '../../src/adapters/memory/broker.js';
import { LabelstreamError } from '../../src/errors.js';
import { topicNames } from '../../src/events/topics.js';
import type { Broker, InMessage } from '../../src/ports/broker.js';
import { drop, emit } from '../../src/stream/outcome.js';
import { createPartitionTransactions } from '../../src/stream/partition-transactions.js';
import { quiet } from './harness.js';

const topics = topicNames();
const INPUT = { live: topics.of('predicted', 'live'), backfill: topics.of('predicted', 'backfill') };

let broker: Broker;
beforeEach(async () => {
  broker = createMemoryBroker();
  await broker.ensureTopics(topics.all(), { partitions: 1 });
});
afterEach(() => {
  vi.useRealTimers();
});

/** As on another machine, whose clock is an hour late. */
const setClockBack = () => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 });

const stage = { name: 'sink', input: 'predicted', delivery: 'transactional', process: async () => [] } as const;
const openTransactions = () => createPartitionTransactions({ broker, groupId: 'g', topics, stage, log: quiet }, 0).open();

const message = (lane: 'live' | 'backfill', offset: number): InMessage => ({
  topic: INPUT[lane],
  lane,
  partition: 0,
  offset,
  key: 'p',
  value: null,
  headers: {},
  timestampMs: 0,
  generation: 1,
});

describe('the transactions of a partition', () => {
  it('tell how far each lane is committed, with every commit of their own', async () => {
    const transactions = await openTransactions();
    expect(transactions.progress()).toMatchObject({ committed: { live: 0, backfill: 0 } });
    const outcome = emit([{ topic: topics.of('labels'), key: 'p', value: new Uint8Array([1]) }]);
    await transactions.commit([{ message: message('live', 4), outcome, records: outcome.kind === 'emit' ? outcome.records : [] }]);
    expect(transactions.progress()).toMatchObject({ committed: { live: 5, backfill: 0 } });
    await transactions.commit([{ message: message('backfill', 2), outcome: drop('UNCHANGED'), records: [] }]);
    expect(transactions.progress()).toMatchObject({ committed: { live: 5, backfill: 3 } });
    expect([transactions.isCommitted(message('live', 4)), transactions.isCommitted(message('live', 5))]).toEqual([true, false]);
  });

  it('know what a former owner has committed although the broker tells it late and their clocks differ', async () => {
    const former = await openTransactions();
    const before = await broker.committed('g', Object.values(INPUT));
    await former.commit([{ message: message('backfill', 7), outcome: drop('UNCHANGED'), records: [] }]);
    const real = broker.committed;
    const marks = await real('g', [topics.deadLetters('predicted')]);
    let late = 3;
    // Answers with what was true before the last transaction, until that one can be read, and after it whatever came later.
    broker = { ...broker, committed: async (group, names) => (late-- > 0 ? [...before, ...marks] : real(group, names)) };
    setClockBack();
    expect((await openTransactions()).progress()).toMatchObject({ committed: { live: 0, backfill: 8 } });
  });

  it('have an epoch that is larger than that of every earlier owner, whatever the clocks say', async () => {
    const first = (await openTransactions()).progress().epoch;
    setClockBack();
    const second = (await openTransactions()).progress().epoch;
    const third = (await openTransactions()).progress().epoch;
    expect([second > first, third > second]).toEqual([true, true]);
  });

  it('have an epoch that grows although the broker has lost its data', async () => {
    const { epoch } = (await openTransactions()).progress();
    broker = createMemoryBroker();
    await broker.ensureTopics(topics.all(), { partitions: 1 });
    await vi.waitFor(async () => expect((await openTransactions()).progress().epoch).toBeGreaterThan(epoch));
  });

  it('know what a former owner has committed', async () => {
    const former = await openTransactions();
    await former.commit([{ message: message('live', 7), outcome: drop('UNCHANGED'), records: [] }]);
    expect((await openTransactions()).progress()).toMatchObject({ committed: { live: 8, backfill: 0 } });
    await expect(former.commit([{ message: message('live', 8), outcome: drop('UNCHANGED'), records: [] }])).rejects.toMatchObject({
      code: 'BROKER_FENCED',
    });
  });

  const note = { message: message('live', 0), outcome: drop('UNCHANGED'), records: [] } as const;
  const record = { topic: topics.of('labels'), key: 'p', value: new Uint8Array([1]) };
  const large = { ...note, outcome: emit([record]), records: [record] } as const;

  /** Refuses records, as a broker to which they are too large, and counts the producers that are opened. */
  function refuseRecords() {
    const real = broker;
    const opened = { count: 0 };
    broker = {
      ...real,
      async transactionalProducer(id) {
        opened.count += 1;
        const producer = await real.transactionalProducer(id);
        const commit: typeof producer.commit = async (records, group) => {
          if (records.length > 0) throw new LabelstreamError('EVENT_TOO_LARGE', 'too large');
          await producer.commit(records, group);
        };
        return { ...producer, commit };
      },
    };
    return opened;
  }

  it('go on after a transaction that was refused, as the same owner, by a producer that is opened anew', async () => {
    const opened = refuseRecords();
    const transactions = await openTransactions();
    const { epoch } = transactions.progress();
    await expect(transactions.commit([large])).rejects.toMatchObject({ code: 'EVENT_TOO_LARGE' });
    await transactions.commit([note]);
    await transactions.commit([{ ...note, message: message('live', 1) }]);
    expect(opened.count).toBe(2);
    expect(transactions.progress()).toEqual({ committed: { live: 2, backfill: 0 }, epoch });
  });

  it('neither write nor fence after a refusal when they have a successor by then: they were frozen meanwhile', async () => {
    refuseRecords();
    const frozen = await openTransactions();
    await expect(frozen.commit([large])).rejects.toMatchObject({ code: 'EVENT_TOO_LARGE' });
    const successor = await openTransactions();
    await successor.commit([note]);
    await expect(frozen.commit([note])).rejects.toMatchObject({ code: 'BROKER_FENCED' });
    await successor.commit([{ ...note, message: message('live', 1) }]);
    expect(successor.progress()).toMatchObject({ committed: { live: 2, backfill: 0 } });
  });

  it('write nothing after a refusal when a successor came between their look and the opening of their producer', async () => {
    refuseRecords();
    const real = broker;
    const successors: Awaited<ReturnType<typeof openTransactions>>[] = [];
    let isRefused = false;
    broker = {
      ...real,
      async transactionalProducer(id) {
        if (isRefused) {
          isRefused = false;
          const successor = await createPartitionTransactions({ broker: real, groupId: 'g', topics, stage, log: quiet }, 0).open();
          await successor.commit([note]);
          successors.push(successor);
        }
        return real.transactionalProducer(id);
      },
    };
    const frozen = await openTransactions();
    await expect(frozen.commit([large])).rejects.toMatchObject({ code: 'EVENT_TOO_LARGE' });
    isRefused = true;
    await expect(frozen.commit([{ ...note, message: message('live', 5) }])).rejects.toMatchObject({ code: 'BROKER_FENCED' });
    expect(successors).toHaveLength(1);
    expect((await openTransactions()).progress()).toMatchObject({ committed: { live: 1, backfill: 0 } });
  });
});
