import { createMemoryBroker } from '@labelstream/shared/adapters/memory/broker';
import { createCodecs } from '@labelstream/shared/events/codecs';
import { PASS_HEADERS } from '@labelstream/shared/events/headers';
import { topicNames } from '@labelstream/shared/events/topics';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/kind.js';
import { createReplayKind, planReplay, type ReplayStart } from '../../src/source/replay-kind.js';
import { type RunOptions, runAll } from './run-all.js';

const topics = topicNames();
const codecs = await createCodecs();
const EVENTS = topics.of('events');
const { signal } = new AbortController();
const ids = (count: number) => Array.from({ length: count }, (_, at) => `p${at}`);

async function topicOf(count: number, headers: Readonly<Record<string, string>> = {}) {
  const broker = createMemoryBroker();
  await broker.ensureTopics(topics.all(), { partitions: 3 });
  const producer = await broker.producer();
  await producer.send(
    ids(count).map((key) => ({ topic: EVENTS, key, value: Buffer.from(`{"productId":"${key}","version":1,"op":"UPSERT"}`), headers })),
  );
  async function replay(start: ReplayStart = {}, options: RunOptions & { readonly rangeOffsets?: number } = {}) {
    const spec = {
      ...(await planReplay({ broker }, EVENTS, start)),
      ...(options.rangeOffsets === undefined ? {} : { rangeOffsets: options.rangeOffsets }),
    };
    return runAll(await createReplayKind({ broker, codecs, topics }).open(JSON.parse(JSON.stringify(spec)) as Json, signal), options);
  }
  async function sent() {
    const found = [];
    for await (const message of broker.read({ topic: topics.of('events', 'backfill') })) found.push(message);
    return found;
  }
  return { broker, producer, replay, sent };
}

describe('a replay', () => {
  it('sends what a topic has, byte for byte, in the backfill lane', async () => {
    const { replay, sent, broker } = await topicOf(50, { 'shop-trace': 'x', [PASS_HEADERS.revision]: '1', [PASS_HEADERS.receivedAt]: '5' });
    const told = await replay({}, { rangeOffsets: 7 });
    expect(told.ranges.length).toBeGreaterThan(6);
    expect(told.ranges[0]).toMatchObject({ name: expect.stringMatching(/^product\.events\/\d, offsets 0 to 6$/), estimatedRows: 7 });
    const original = new Map<string | null, string>();
    for await (const { key, value } of broker.read({ topic: EVENTS })) original.set(key, Buffer.from(value!).toString());
    const messages = await sent();
    expect(new Map(messages.map(({ key, value }) => [key, Buffer.from(value!).toString()]))).toEqual(original);
    expect(messages.length).toBe(50);
    // The revision says which of two events is the later; when the first of them came is of no concern any more.
    expect(messages[0]!.headers).toEqual({ 'shop-trace': 'x', [PASS_HEADERS.revision]: '1' });
  });

  it('ends where the topic ended when it was planned', async () => {
    const { broker, producer, sent } = await topicOf(10);
    const spec = await planReplay({ broker }, EVENTS);
    await producer.send([{ topic: EVENTS, key: 'late', value: Buffer.from('x') }]);
    await runAll(await createReplayKind({ broker, codecs, topics }).open(spec as Json, signal));
    expect((await sent()).map(({ key }) => key).sort()).toEqual(ids(10).sort());
  });

  it('begins at a time, or at an offset of a partition', async () => {
    const since = await topicOf(20);
    const borderMs = Date.now() + 5;
    while (Date.now() <= borderMs);
    await since.producer.send([{ topic: EVENTS, key: 'new', value: Buffer.from('x') }]);
    await since.replay({ sinceMs: borderMs });
    expect((await since.sent()).map(({ key }) => key)).toEqual(['new']);
    const from = await topicOf(60);
    const infos = await from.broker.describe([EVENTS]);
    await from.replay({ offsets: [{ partition: 1, offset: 4 }] });
    expect((await from.sent()).length).toBe(infos[1]!.latest - 4);
  });

  it('goes on where it was, also when what was done has been deleted since', async () => {
    const { replay, sent, broker } = await topicOf(1500);
    await replay({ offsets: [{ partition: 0, offset: 0 }] }, { stopAfterCheckpoints: 1 });
    const all = (await sent()).map(({ key }) => key);
    expect(new Set(all).size).toBe(all.length);
    const [first] = await broker.describe([EVENTS]);
    expect(all.length).toBe(first!.latest);
  });

  it('says which offsets are gone before they were sent', async () => {
    const { broker, sent } = await topicOf(60);
    const spec = await planReplay({ broker }, EVENTS, { offsets: [{ partition: 0, offset: 2 }] });
    const opened = await createReplayKind({ broker, codecs, topics }).open(spec as Json, signal);
    const beforeRun = () => broker.deleteBefore([{ topic: EVENTS, partition: 0, offset: 5 }]);
    await beforeRun();
    await expect(runAll(opened)).rejects.toMatchObject({
      code: 'SOURCE_INVALID',
      message: expect.stringMatching(/offsets 2 to 4 of product\.events\/0 were deleted.*not sent.*from offset 5/),
    });
    expect(await sent()).toEqual([]);
    await expect(planReplay({ broker }, EVENTS, { offsets: [{ partition: 0, offset: 2 }] })).rejects.toMatchObject({
      code: 'SOURCE_INVALID',
    });
  });

  it('passes over what was dealt with before it was deleted', async () => {
    const { broker, sent } = await topicOf(60);
    const spec = await planReplay({ broker }, EVENTS, { offsets: [{ partition: 0, offset: 0 }] });
    const opened = await createReplayKind({ broker, codecs, topics }).open(spec as Json, signal);
    await broker.deleteBefore([{ topic: EVENTS, partition: 0, offset: 5 }]);
    for await (const range of opened.plan()) {
      const checkpoints: number[] = [];
      await opened.run(range, {
        rowsDone: 8,
        admit: async () => {},
        checkpoint: async ({ rowsDone }) => void checkpoints.push(rowsDone),
        rowError: async () => {},
        signal,
      });
      expect(checkpoints.at(-1)).toBe(range.estimatedRows);
      expect((await sent()).length).toBe(range.estimatedRows! - 8);
    }
  });

  it('reports messages that are no events of a product', async () => {
    const { replay, producer } = await topicOf(0);
    await producer.send([{ topic: EVENTS, key: 'deleted', value: null }]);
    const told = await replay();
    expect(told.errors).toEqual([
      {
        origin: expect.stringMatching(/^product\.events\/\d$/),
        position: 0,
        code: 'EVENT_NOT_DECODABLE',
        message: 'the message has no value',
      },
    ]);
  });

  it('is refused for a topic that does not exist or has nothing there', async () => {
    const { broker } = await topicOf(0);
    await expect(planReplay({ broker }, 'none')).rejects.toMatchObject({
      code: 'SOURCE_INVALID',
      message: expect.stringContaining('there is no topic none'),
    });
    await expect(planReplay({ broker }, EVENTS)).rejects.toMatchObject({
      code: 'SOURCE_INVALID',
      message: expect.stringContaining('no message'),
    });
    const partitions = [{ partition: 9, from: 0, to: 1 }];
    await expect(createReplayKind({ broker, codecs, topics }).open({ topic: EVENTS, partitions }, signal)).rejects.toMatchObject({
      message: 'product.events has no partition 9.',
    });
  });
});
