import { expect, it } from 'vitest';
import type { Broker } from '../../src/ports/broker.js';
import { createTopics, join, positionsAfter, readAll, record, takeCount, textOf, unique } from './broker-tools.js';

/** What the port promises of transactions. */
export function transactionConformance(broker: () => Broker): void {
  it('writes records to several topics and positions in one transaction', async () => {
    const [input, labels, tasks] = await createTopics(broker(), 2, 'input', 'labels', 'tasks');
    const groupId = unique('group');
    const producer = await broker().producer();
    await producer.send(Array.from({ length: 6 }, (_, i) => record(input!, `key-${i}`, `${i}`)));
    await producer.close();
    const subscription = await join(broker(), input!, groupId);
    const taken = await takeCount(subscription, 'live', 6);
    const transactional = await broker().transactionalProducer(unique('id'));
    await transactional.commit(
      taken.flatMap(({ key }) => [record(labels!, key!, `label of ${key}`), { topic: tasks!, key: key!, value: null }]),
      { groupId, offsets: positionsAfter(taken) },
    );
    const committed = await broker().committed(groupId, [input!]);
    const ends = (await broker().describe([input!])).filter(({ latest }) => latest > 0);
    expect(committed).toEqual(ends.map(({ topic, partition, latest }) => ({ topic, partition, offset: latest })));
    expect((await readAll(broker(), { topic: labels! })).map(textOf).sort()).toEqual(taken.map(({ key }) => `label of ${key}`).sort());
    expect((await readAll(broker(), { topic: tasks! })).every(({ value }) => value === null)).toBe(true);
    await subscription.close();
    await transactional.close();
    const next = await join(broker(), input!, groupId);
    await next.wait(300);
    expect(next.buffered('live')).toBe(0);
    await next.close();
  });

  it('runs transactions back to back, with and without records, and reads to the end past their markers', async () => {
    const [topic] = await createTopics(broker(), 2, 'markers');
    const groupId = unique('group');
    const transactional = await broker().transactionalProducer(unique('id'));
    for (let i = 0; i < 10; i++) {
      await transactional.commit(i % 3 === 2 ? [] : [record(topic!, `key-${i}`, `${i}`)], {
        groupId,
        offsets: [{ topic: topic!, partition: 0, offset: i + 1 }],
      });
    }
    await transactional.close();
    const startedAt = Date.now();
    const values = (await readAll(broker(), { topic: topic! })).map(textOf).map(Number);
    expect(values.sort((a, b) => a - b)).toEqual([0, 1, 3, 4, 6, 7, 9]);
    expect(Date.now() - startedAt).toBeLessThan(3000);
    expect(await broker().committed(groupId, [topic!])).toEqual([{ topic, partition: 0, offset: 10 }]);
    const markers = (await broker().describe([topic!])).reduce((sum, { latest }) => sum + latest, 0) - values.length;
    expect(markers).toBe(7);
  });

  it('delivers transactional records to subscriptions, and lets them commit past the markers', async () => {
    const [topic] = await createTopics(broker(), 1, 'delivered');
    const groupId = unique('group');
    const transactional = await broker().transactionalProducer(unique('id'));
    for (const text of ['a', 'b', 'c']) await transactional.commit([record(topic!, 'k', text)], { groupId: unique('other'), offsets: [] });
    const first = await join(broker(), topic!, groupId);
    const taken = await takeCount(first, 'live', 2);
    expect(taken.map(({ offset }) => offset)).toEqual([0, 2]);
    await first.commit(positionsAfter(taken));
    await first.close();
    const second = await join(broker(), topic!, groupId);
    expect((await takeCount(second, 'live', 1)).map(textOf)).toEqual(['c']);
    await second.close();
    await transactional.close();
  });

  it('leaves nothing behind of a transaction that fails, and goes on', async () => {
    const [input, output] = await createTopics(broker(), 1, 'input', 'output');
    const groupId = unique('group');
    const transactional = await broker().transactionalProducer(unique('id'));
    const positions = (offset: number) => ({ groupId, offsets: [{ topic: input!, partition: 0, offset }] });
    await transactional.commit([record(output!, 'k', 'before')], positions(1));
    const tooLarge = { topic: output!, key: 'k', value: new Uint8Array(9_000_000) };
    await expect(transactional.commit([record(output!, 'k', 'aborted'), tooLarge], positions(2))).rejects.toMatchObject({
      code: 'EVENT_TOO_LARGE',
    });
    expect(await broker().committed(groupId, [input!])).toEqual([{ topic: input, partition: 0, offset: 1 }]);
    expect((await readAll(broker(), { topic: output! })).map(textOf)).toEqual(['before']);
    await transactional.commit([record(output!, 'k', 'after')], positions(3));
    expect((await readAll(broker(), { topic: output! })).map(textOf)).toEqual(['before', 'after']);
    await transactional.close();
  });

  it('fences the older of two producers with one transactional id, for good', async () => {
    const [topic] = await createTopics(broker(), 1, 'fenced');
    const [id, groupId] = [unique('id'), unique('group')];
    const positions = (offset: number) => ({ groupId, offsets: [{ topic: topic!, partition: 0, offset }] });
    const zombie = await broker().transactionalProducer(id);
    await zombie.commit([record(topic!, 'k', 'first')], positions(1));
    const successor = await broker().transactionalProducer(id);
    await expect(zombie.commit([record(topic!, 'k', 'zombie')], positions(2))).rejects.toMatchObject({ code: 'BROKER_FENCED' });
    await successor.commit([record(topic!, 'k', 'second')], positions(3));
    await expect(zombie.commit([record(topic!, 'k', 'zombie')], positions(4))).rejects.toMatchObject({ code: 'BROKER_FENCED' });
    await successor.commit([record(topic!, 'k', 'third')], positions(5));
    expect((await readAll(broker(), { topic: topic! })).map(textOf)).toEqual(['first', 'second', 'third']);
    expect(await broker().committed(groupId, [topic!])).toEqual([{ topic, partition: 0, offset: 5 }]);
    await Promise.all([zombie.close(), successor.close()]);
  });
}
