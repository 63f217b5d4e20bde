import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Broker } from '../../src/ports/broker.js';
import { groupConformance } from './broker-groups.js';
import { bytes, createTopics, join, positionsAfter, readAll, record, takeCount, textOf, unique, until } from './broker-tools.js';
import { transactionConformance } from './broker-transactions.js';

/** Everything the broker port promises; `open` connects to an engine that all brokers of one run share. */
export function brokerConformance(name: string, open: () => Promise<Broker>): void {
  describe(`${name} broker`, () => {
    let broker: Broker;
    beforeAll(async () => {
      broker = await open();
    });
    afterAll(() => broker.close());

    recordConformance(() => broker);
    readConformance(() => broker);
    groupConformance(() => broker);
    transactionConformance(() => broker);

    it('ends every subscription and wait when it is closed', async () => {
      const own = await open();
      const [topic] = await createTopics(own, 1, 'close');
      const subscription = await join(own, topic!, unique('group'));
      const waiting = subscription.wait(60_000);
      await own.close();
      await waiting;
      expect(subscription.assignment()).toEqual([]);
      expect(subscription.take('live', 10)).toEqual([]);
    });
  });
}

function recordConformance(broker: () => Broker): void {
  it('answers a ping', async () => {
    await expect(broker().ping()).resolves.toBeUndefined();
  });

  it('creates missing topics and leaves existing ones as they are', async () => {
    const [topic] = await createTopics(broker(), 3, 'topic');
    const spec = { name: 'test', laned: false, cleanup: 'compact' } as const;
    const other = unique('topic');
    await broker().ensureTopics(
      [
        { topic: topic!, spec },
        { topic: other, spec },
      ],
      { partitions: 5 },
    );
    const infos = await broker().describe([topic!, other, unique('nowhere')]);
    expect(infos.filter((info) => info.topic === topic).map(({ partition }) => partition)).toEqual([0, 1, 2]);
    expect(infos.filter((info) => info.topic === other)).toHaveLength(5);
    expect(infos.every(({ earliest, latest }) => earliest === 0 && latest === 0)).toBe(true);
  });

  it('keeps the records of a key in one partition and in order, and the same partition in topics of the same size', async () => {
    const [a, b] = await createTopics(broker(), 4, 'order', 'order');
    const producer = await broker().producer();
    const keys = ['p-1', 'p-2', 'p-3', 'ключ', 'p-5', 'p-6'];
    const sends = Array.from({ length: 10 }, (_, i) =>
      producer.send(keys.flatMap((key) => [record(a!, key, `${key}/${i}`), record(b!, key, `${i}`)])),
    );
    await Promise.all(sends);
    await producer.close();
    const [inA, inB] = [await readAll(broker(), { topic: a! }), await readAll(broker(), { topic: b! })];
    for (const key of keys) {
      const mine = inA.filter((message) => message.key === key);
      expect(mine.map(textOf)).toEqual(Array.from({ length: 10 }, (_, i) => `${key}/${i}`));
      const partitions = new Set([...mine, ...inB.filter((message) => message.key === key)].map(({ partition }) => partition));
      expect(partitions.size).toBe(1);
    }
  });

  it('carries headers, tombstones, empty values and values of 1 MB', async () => {
    const [topic] = await createTopics(broker(), 1, 'values');
    const producer = await broker().producer();
    const large = new Uint8Array(1_000_000).map((_, i) => i * 7);
    const before = Date.now();
    await producer.send([
      { topic: topic!, key: 'k', value: bytes('x'), headers: { reason: 'Größe', empty: '' } },
      { topic: topic!, key: 'k', value: null },
      { topic: topic!, key: 'k', value: new Uint8Array(0) },
      { topic: topic!, key: 'k', value: large },
    ]);
    await producer.close();
    const messages = await readAll(broker(), { topic: topic! });
    expect(messages.map(({ offset }) => offset)).toEqual([0, 1, 2, 3]);
    expect(messages.every(({ key, timestampMs }) => key === 'k' && timestampMs >= before - 1000 && timestampMs <= Date.now() + 1000)).toBe(
      true,
    );
    expect(messages[0]!.headers).toEqual({ reason: 'Größe', empty: '' });
    expect(messages[1]!.value).toBeNull();
    expect(messages[1]!.headers).toEqual({});
    expect(messages[2]!.value).toHaveLength(0);
    expect(Buffer.compare(messages[3]!.value!, large)).toBe(0);
  });

  it('refuses a record above the limit, and goes on', async () => {
    const [topic] = await createTopics(broker(), 1, 'large');
    const producer = await broker().producer();
    await expect(producer.send([{ topic: topic!, key: 'k', value: new Uint8Array(9_000_000) }])).rejects.toMatchObject({
      code: 'EVENT_TOO_LARGE',
    });
    await producer.send([record(topic!, 'k', 'next')]);
    await producer.close();
    expect((await readAll(broker(), { topic: topic! })).map(textOf)).toEqual(['next']);
  });

  it('sends more than the limit in one call', async () => {
    const [topic] = await createTopics(broker(), 1, 'many');
    const producer = await broker().producer();
    await producer.send(Array.from({ length: 20 }, (_, i) => ({ topic: topic!, key: `${i}`, value: new Uint8Array(500_000).fill(i) })));
    await producer.close();
    const messages = await readAll(broker(), { topic: topic! });
    expect(messages.map(({ key }) => key)).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`));
  });
}

function readConformance(broker: () => Broker): void {
  it('reads from the beginning, from positions and from the end, and knows what there is', async () => {
    const [topic] = await createTopics(broker(), 2, 'read');
    const producer = await broker().producer();
    await producer.send(Array.from({ length: 100 }, (_, i) => record(topic!, `key-${i}`, `${i}`)));
    await producer.close();
    const infos = await broker().describe([topic!]);
    const all = await readAll(broker(), { topic: topic!, from: 'earliest' });
    expect(
      all
        .map(textOf)
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 100 }, (_, i) => i));
    for (const { partition, latest } of infos) {
      const offsets = all.filter((message) => message.partition === partition).map(({ offset }) => offset);
      expect(offsets).toEqual(Array.from({ length: latest }, (_, i) => i));
    }
    const [first, second] = infos;
    const tail = await readAll(broker(), {
      topic: topic!,
      from: [
        { topic: topic!, partition: first!.partition, offset: first!.latest - 3 },
        { topic: topic!, partition: second!.partition, offset: second!.latest },
      ],
    });
    expect(tail.map(({ partition, offset }) => ({ partition, offset }))).toEqual(
      [3, 2, 1].map((back) => ({ partition: first!.partition, offset: first!.latest - back })),
    );
    expect(await readAll(broker(), { topic: topic!, from: 'latest' })).toEqual([]);
  });

  it('deletes what lies before a position, and nothing else', async () => {
    const [topic] = await createTopics(broker(), 2, 'delete');
    const producer = await broker().producer();
    await producer.send(Array.from({ length: 100 }, (_, i) => record(topic!, `key-${i}`, `${i}`)));
    const [first, second] = await broker().describe([topic!]);
    await broker().deleteBefore([
      { topic: topic!, partition: first!.partition, offset: first!.latest },
      { topic: topic!, partition: second!.partition, offset: 3 },
    ]);
    // A position that was passed already brings nothing back.
    await broker().deleteBefore([{ topic: topic!, partition: second!.partition, offset: 1 }]);
    expect(await broker().describe([topic!])).toEqual([
      { ...first, earliest: first!.latest },
      { ...second, earliest: 3 },
    ]);
    const left = await readAll(broker(), { topic: topic!, from: [{ topic: topic!, partition: second!.partition, offset: 0 }] });
    expect(left.map(({ offset }) => offset)).toEqual(Array.from({ length: second!.latest - 3 }, (_, i) => i + 3));
    await producer.send([record(topic!, 'key-0', 'new')]);
    await producer.close();
    expect((await readAll(broker(), { topic: topic! })).map(textOf)).toContain('new');
    const joined = await join(broker(), topic!, unique('group'));
    expect(await takeCount(joined, 'live', left.length + 1)).toHaveLength(left.length + 1);
    await joined.close();
  });

  it('follows a topic until it is aborted, new messages arriving soon', async () => {
    const [topic] = await createTopics(broker(), 2, 'follow');
    const producer = await broker().producer();
    await producer.send([record(topic!, 'k', 'old')]);
    const stop = new AbortController();
    const seen: (string | null)[] = [];
    const reading = (async () => {
      for await (const message of broker().read({ topic: topic!, follow: true, signal: stop.signal })) seen.push(textOf(message));
    })();
    await until(() => seen.length === 1, 'the old message');
    const sentAt = Date.now();
    await producer.send([record(topic!, 'k', 'new')]);
    await until(() => seen.length === 2, 'the new message');
    expect(Date.now() - sentAt).toBeLessThan(1000);
    stop.abort();
    await reading;
    await producer.close();
    expect(seen).toEqual(['old', 'new']);
  });

  it('follows from the end', async () => {
    const [topic] = await createTopics(broker(), 1, 'tail');
    const producer = await broker().producer();
    await producer.send([record(topic!, 'k', 'old')]);
    const stop = new AbortController();
    const seen: (string | null)[] = [];
    const reading = (async () => {
      for await (const message of broker().read({ topic: topic!, from: 'latest', follow: true, signal: stop.signal }))
        seen.push(textOf(message));
    })();
    // The reader settles where the end was when it began, whenever that is: one of these comes after it.
    let sent = 0;
    await until(async () => {
      await producer.send([record(topic!, 'k', `new-${sent++}`)]);
      return seen.length > 0;
    }, 'a new message');
    stop.abort();
    await reading;
    await producer.close();
    expect(seen).not.toContain('old');
  });

  it('can be left before its end', async () => {
    const [topic] = await createTopics(broker(), 1, 'left');
    const producer = await broker().producer();
    await producer.send(Array.from({ length: 10 }, (_, i) => record(topic!, 'k', `${i}`)));
    await producer.close();
    for await (const message of broker().read({ topic: topic!, follow: true })) {
      expect(textOf(message)).toBe('0');
      break;
    }
  });

  it('knows no topic that does not exist', async () => {
    await expect(readAll(broker(), { topic: unique('nowhere') })).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    await expect(join(broker(), unique('nowhere'), unique('group'))).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    expect(await broker().committed(unique('group'), [unique('nowhere')])).toEqual([]);
  });

  it('commits what was taken and begins there again', async () => {
    const [topic] = await createTopics(broker(), 1, 'resume');
    const groupId = unique('group');
    const producer = await broker().producer();
    await producer.send(Array.from({ length: 10 }, (_, i) => record(topic!, 'k', `${i}`)));
    await producer.close();
    const first = await join(broker(), topic!, groupId);
    const taken = await takeCount(first, 'live', 10);
    await first.commit(positionsAfter(taken.slice(0, 4)));
    await first.close();
    await first.commit(positionsAfter(taken));
    expect(await broker().committed(groupId, [topic!])).toEqual([{ topic, partition: 0, offset: 4 }]);
    const second = await join(broker(), topic!, groupId);
    expect((await takeCount(second, 'live', 6)).map(textOf)).toEqual(['4', '5', '6', '7', '8', '9']);
    await second.close();
  });
}
