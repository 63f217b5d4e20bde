import { expect, it } from 'vitest';
import type { Broker, InMessage, Subscription, TopicPartition } from '../../src/ports/broker.js';
import { createTopics, join, positionsAfter, record, SESSION_TIMEOUT_MS, takeCount, textOf, unique, until } from './broker-tools.js';

const partitionsOf = (assignment: readonly TopicPartition[], topic: string): number[] =>
  assignment
    .filter((entry) => entry.topic === topic)
    .map(({ partition }) => partition)
    .sort((a, b) => a - b);

/** A worker loop as small as can be: takes, notes, commits, and finishes its batch when partitions are revoked. */
function startWorker(subscription: Subscription, seen: InMessage[]): () => Promise<void> {
  let running = true;
  let step: Promise<void> = Promise.resolve();
  subscription.onRevoke(() => step);
  const once = async () => {
    const batch = subscription.take('live', 50);
    await new Promise((resolve) => setTimeout(resolve, 5));
    seen.push(...batch);
    await subscription.commit(positionsAfter(batch));
  };
  const loop = (async () => {
    while (running) {
      await subscription.wait(50);
      step = once();
      await step;
    }
  })();
  return async () => {
    running = false;
    await loop;
  };
}

/** What the port promises of consumer groups. */
export function groupConformance(broker: () => Broker): void {
  it('begins a new group at the end when asked to', async () => {
    const [topic] = await createTopics(broker(), 1, 'latest');
    const producer = await broker().producer();
    await producer.send([record(topic!, 'k', 'old')]);
    const subscription = await join(broker(), topic!, unique('group'), { from: 'latest' });
    let sent = 0;
    await until(async () => {
      await producer.send([record(topic!, 'k', `new-${sent++}`)]);
      return subscription.buffered('live') > 0;
    }, 'a new message');
    expect(subscription.take('live', 1).map(textOf)).not.toEqual(['old']);
    await subscription.close();
    await producer.close();
  });

  it('waits for a message, and no longer than asked', async () => {
    const [topic] = await createTopics(broker(), 1, 'wait');
    const producer = await broker().producer();
    const subscription = await join(broker(), topic!, unique('group'));
    const startedAt = Date.now();
    await subscription.wait(100);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(95);
    const waiting = subscription.wait(10_000);
    await producer.send([record(topic!, 'k', 'x')]);
    await waiting;
    expect(subscription.buffered('live')).toBe(1);
    expect(Date.now() - startedAt).toBeLessThan(5000);
    await subscription.close();
    await producer.close();
  });

  it('gives both lanes to one member, each message marked with its lane and generation', async () => {
    const [live, backfill] = await createTopics(broker(), 3, 'live', 'backfill');
    const producer = await broker().producer();
    await producer.send([record(live!, 'k', 'L'), record(backfill!, 'k', 'B1'), record(backfill!, 'k', 'B2')]);
    const subscription = await join(broker(), live!, unique('group'), {
      topics: [
        { topic: live!, lane: 'live' },
        { topic: backfill!, lane: 'backfill' },
      ],
    });
    const [fromBackfill, fromLive] = [await takeCount(subscription, 'backfill', 2), await takeCount(subscription, 'live', 1)];
    expect(fromBackfill.map((message) => [message.lane, textOf(message)])).toEqual([
      ['backfill', 'B1'],
      ['backfill', 'B2'],
    ]);
    expect(fromLive.map((message) => [message.lane, textOf(message)])).toEqual([['live', 'L']]);
    expect([...fromLive, ...fromBackfill].every(({ generation }) => generation === subscription.generation())).toBe(true);
    await subscription.close();
    await producer.close();
  });

  it('assigns partition i of all topics to one member, evenly, and all of it to who remains', async () => {
    const [wide] = await createTopics(broker(), 6, 'wide');
    const [narrow] = await createTopics(broker(), 4, 'narrow');
    const groupId = unique('group');
    const topics = [
      { topic: wide!, lane: 'live' as const },
      { topic: narrow!, lane: 'backfill' as const },
    ];
    const a = await join(broker(), wide!, groupId, { topics });
    expect(partitionsOf(a.assignment(), wide!)).toEqual([0, 1, 2, 3, 4, 5]);
    const before = a.generation();
    const b = await join(broker(), wide!, groupId, { topics });
    await until(() => a.generation() > before && a.assignment().length === 5, 'the first member has half');
    expect(partitionsOf(a.assignment(), wide!)).toHaveLength(3);
    expect([...partitionsOf(a.assignment(), wide!), ...partitionsOf(b.assignment(), wide!)].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    for (const member of [a, b]) {
      const mine = partitionsOf(member.assignment(), wide!);
      expect(partitionsOf(member.assignment(), narrow!)).toEqual(mine.filter((partition) => partition < 4));
    }
    await a.close();
    await until(() => b.assignment().length === 10, 'the second member has all');
    await b.close();
  });

  it('keeps what waits bounded while the producer is far ahead, without holding up the other lane', async () => {
    const [live, backfill] = await createTopics(broker(), 2, 'live', 'backfill');
    const total = 4000;
    const valueBytes = 4000;
    const bound = 100;
    // One answer of a broker, 4 MiB, may come on top.
    const limit = bound + Math.ceil((4 * 1024 * 1024) / valueBytes);
    const producer = await broker().producer();
    await producer.send(
      Array.from({ length: total }, (_, i) => ({
        topic: backfill!,
        key: `${i}`,
        value: new Uint8Array(valueBytes),
        headers: { i: `${i}` },
      })),
    );
    const subscription = await join(broker(), live!, unique('group'), {
      maxBufferedPerLane: bound,
      topics: [
        { topic: live!, lane: 'live' },
        { topic: backfill!, lane: 'backfill' },
      ],
    });
    await until(() => subscription.buffered('backfill') >= bound, 'the buffer is full');
    await producer.send([record(live!, 'k', 'urgent')]);
    expect((await takeCount(subscription, 'live', 1)).map(textOf)).toEqual(['urgent']);
    let most = 0;
    const seen = new Set<string>();
    const deadline = Date.now() + 30_000;
    while (seen.size < total && Date.now() < deadline) {
      most = Math.max(most, subscription.buffered('backfill'));
      for (const message of subscription.take('backfill', 40)) seen.add(message.headers.i!);
      await subscription.wait(50);
    }
    expect(seen.size).toBe(total);
    expect(most).toBeLessThanOrEqual(limit);
    await subscription.close();
    await producer.close();
  });

  it('holds a lane back, through a rebalance and with bounded buffers, until it is let go on; the other lane goes on', async () => {
    const [live, backfill] = await createTopics(broker(), 2, 'live', 'backfill');
    const producer = await broker().producer();
    const total = 500;
    await producer.send(Array.from({ length: total }, (_, i) => record(backfill!, `${i}`, `${i}`)));
    const options = {
      maxBufferedPerLane: 20,
      topics: [
        { topic: live!, lane: 'live' as const },
        { topic: backfill!, lane: 'backfill' as const },
      ],
    };
    const groupId = unique('group');
    const subscription = await join(broker(), live!, groupId, options);
    subscription.hold('backfill', true);
    const other = await join(broker(), live!, groupId, options);
    await other.close();
    await until(() => subscription.assignment().length === 4 && subscription.buffered('backfill') >= 20, 'the held lane fills its buffer');
    await producer.send([record(live!, 'k', 'urgent')]);
    expect((await takeCount(subscription, 'live', 1)).map(textOf)).toEqual(['urgent']);
    expect([subscription.available('backfill'), subscription.take('backfill', 10)]).toEqual([0, []]);
    subscription.hold('backfill', false);
    await subscription.wait(10_000);
    const values = (await takeCount(subscription, 'backfill', total)).map(textOf).map(Number);
    expect(values.sort((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, i) => i));
    await subscription.close();
    await producer.close();
  });

  it('loses nothing when a member joins and leaves, and commits finished work before it gives up a partition', async () => {
    const [topic] = await createTopics(broker(), 4, 'rebalance');
    const groupId = unique('group');
    const producer = await broker().producer();
    const seen: InMessage[] = [];
    const total = 600;
    let sent = 0;
    const sendMore = async (count: number) => {
      await producer.send(Array.from({ length: count }, (_, i) => record(topic!, `key-${(sent + i) % 40}`, `${sent + i}`)));
      sent += count;
    };
    await sendMore(200);
    const a = await join(broker(), topic!, groupId);
    const stopA = startWorker(a, seen);
    await until(() => seen.length > 50, 'the first member works');
    const b = await join(broker(), topic!, groupId);
    const stopB = startWorker(b, seen);
    await sendMore(200);
    await until(() => new Set(seen.map(textOf)).size === 400, 'both work');
    expect(a.generation()).toBeGreaterThan(1);
    await stopB();
    await b.close();
    await sendMore(200);
    await until(() => new Set(seen.map(textOf)).size === total, 'everything was seen');
    // Both drained in time, so nothing was done twice.
    expect(seen).toHaveLength(total);
    const ends = await broker().describe([topic!]);
    await until(async () => {
      const committed = await broker().committed(groupId, [topic!]);
      return ends.every(({ partition, latest }) => latest === 0 || committed.some((p) => p.partition === partition && p.offset === latest));
    }, 'all positions are committed');
    await stopA();
    await a.close();
    await producer.close();
  });

  it('does not commit work of a lost generation', async () => {
    const [topic] = await createTopics(broker(), 2, 'lost');
    const groupId = unique('group');
    const producer = await broker().producer();
    await producer.send(Array.from({ length: 40 }, (_, i) => record(topic!, `key-${i}`, `${i}`)));
    const a = await join(broker(), topic!, groupId);
    const old = await takeCount(a, 'live', 30);
    const before = a.generation();
    const b = await join(broker(), topic!, groupId);
    await until(() => a.generation() > before && a.assignment().length === 1, 'the partitions are shared');
    await a.commit(positionsAfter(old));
    await b.commit(positionsAfter(old));
    expect(await broker().committed(groupId, [topic!])).toEqual([]);
    const again = [...(await drainBuffered(a)), ...(await drainBuffered(b))];
    await until(async () => {
      again.push(...(await drainBuffered(a)), ...(await drainBuffered(b)));
      return new Set(again.map(textOf)).size === 40;
    }, 'everything is delivered again');
    expect(again.every((message) => message.generation > before || message.generation === b.generation())).toBe(true);
    await Promise.all([a.close(), b.close()]);
    await producer.close();
  });

  it('lets a successor begin at once after a clean close', async () => {
    const [topic] = await createTopics(broker(), 1, 'successor');
    const groupId = unique('group');
    const producer = await broker().producer();
    await producer.send([record(topic!, 'k', 'x')]);
    const first = await join(broker(), topic!, groupId);
    await takeCount(first, 'live', 1);
    await first.close();
    const startedAt = Date.now();
    const second = await join(broker(), topic!, groupId);
    await takeCount(second, 'live', 1);
    expect(Date.now() - startedAt).toBeLessThan(SESSION_TIMEOUT_MS / 2);
    await second.close();
    await producer.close();
  });
}

async function drainBuffered(subscription: Subscription): Promise<InMessage[]> {
  await subscription.wait(50);
  return subscription.take('live', 1000);
}
