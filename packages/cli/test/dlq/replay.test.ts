import { LabelstreamError } from '@labelstream/shared/errors';
import type { Broker, RecordProducer } from '@labelstream/shared/ports/broker';
import { expect, test } from 'vitest';
import { type DeadLetterFilter, selectByFilter, selectByIds } from '../../src/dlq/filter.js';
import { type DeadLetterSource, findDeadLetters } from '../../src/dlq/read.js';
import { dryRun, planReplay, type ReplayResult, replayDeadLetters } from '../../src/dlq/replay.js';
import { contentsOf, type Failed, setUp, topics } from './letters.js';

async function plan(source: DeadLetterSource, filter: DeadLetterFilter | string[] = {}, force = false) {
  const selection = Array.isArray(filter) ? selectByIds(filter) : selectByFilter(filter);
  return planReplay(await findDeadLetters(source, selection), selection, { topics, force });
}

async function collect(results: AsyncIterable<ReplayResult>): Promise<ReplayResult[]> {
  const all: ReplayResult[] = [];
  for await (const result of results) all.push(result);
  return all;
}

const replay = async (...args: Parameters<typeof plan>) => collect(replayDeadLetters(args[0], await plan(...args)));
const outcomes = (results: readonly ReplayResult[]) => results.map((result) => ('reason' in result ? result.reason : result.outcome));
const replaysHeader = (count: number) => ({ 'labelstream-replays': String(count) });

test('a replayed message is the original, in its lane, and is not replayed again', async () => {
  const { source, broker, fail } = await setUp();
  const value = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  await fail({ key: 'a', value, headers: { own: 'ü' }, lane: 'backfill' });
  expect(await replay(source)).toEqual([
    { id: expect.stringMatching(/^ingest-[01]-0$/), outcome: 'replayed', topic: topics.of('events', 'backfill'), replays: 1 },
  ]);
  const sent = await contentsOf(broker, topics.of('events', 'backfill'));
  expect(sent).toMatchObject([{ key: 'a', headers: { own: 'ü', 'labelstream-replays': '1' } }]);
  expect(Object.keys(sent[0]!.headers)).toHaveLength(2);
  expect(sent[0]!.value).toEqual(value);

  expect(await replay(source)).toEqual([]);
  expect(await contentsOf(broker, topics.of('events', 'backfill'))).toHaveLength(1);
});

test('messages keep their order, over several sends and partitions', async () => {
  const { source, broker, fail } = await setUp(3);
  const failed = Array.from({ length: 350 }, (_, i): Failed => ({ key: `p${i % 7}`, value: String(i) }));
  await fail(...failed);
  expect(outcomes(await replay(source))).toEqual(failed.map(() => 'replayed'));
  const sent = await contentsOf(broker, topics.of('events'));
  for (let product = 0; product < 7; product++) {
    const mine = sent.filter(({ key }) => key === `p${product}`).map(({ value }) => Number(Buffer.from(value!).toString()));
    expect(mine).toEqual(Array.from({ length: 50 }, (_, i) => i * 7 + product));
  }
});

test('only what is selected is sent, from whatever stage it comes', async () => {
  const { source, broker, fail } = await setUp(1);
  await fail({ key: 'a' }, { key: 'b', code: 'STAGE_FAILED' }, { key: 'c', stage: 'encoder', code: 'STAGE_FAILED' });
  await replay(source, { code: 'STAGE_FAILED' });
  expect((await contentsOf(broker, topics.of('events'))).map(({ key }) => key)).toEqual(['b']);
  expect((await contentsOf(broker, topics.of('prepared'))).map(({ key }) => key)).toEqual(['c']);
  expect(outcomes(await replay(source, ['ingest-0-0', 'ingest-0-1', 'ingest-0-9']))).toEqual(['notFound', 'alreadyReplayed', 'replayed']);
});

test('what fails again while a replay runs is left to the next one', async () => {
  const { source, broker, fail } = await setUp(1);
  await fail({ key: 'a' }, { key: 'b' });
  const failingAgain: Broker = {
    ...broker,
    async producer() {
      const producer = await broker.producer();
      const send: RecordProducer['send'] = async (records) => {
        await producer.send(records);
        if (records[0]?.topic === topics.of('events')) await fail({ key: 'a', headers: replaysHeader(1) });
      };
      return { ...producer, send };
    },
  };
  expect(await replay({ ...source, broker: failingAgain })).toHaveLength(2);
  expect(await replay(source)).toMatchObject([{ id: 'ingest-0-2', replays: 2 }]);
});

test('after three replays it takes force', async () => {
  const { source, fail } = await setUp(1);
  await fail({ headers: replaysHeader(2) }, { headers: replaysHeader(3) });
  expect(outcomes(await replay(source))).toEqual(['replayedTooOften', 'replayed']);
  expect(await replay(source, {}, true)).toMatchObject([{ id: 'ingest-0-1', outcome: 'replayed', replays: 4 }]);
});

test('what cannot be sent is refused with its reason, also by force', async () => {
  const { source, broker, fail } = await setUp(1);
  await fail({ value: 'xyz', omitValue: true }, { topic: 'shop.product.labels' }, { topic: topics.of('events'), stage: 'sink' });
  expect(await replay(source, {}, true)).toEqual([
    { id: 'ingest-0-0', outcome: 'refused', reason: 'bytesNotKept' },
    { id: 'ingest-0-1', outcome: 'refused', reason: 'originUnknown' },
    { id: 'sink-0-0', outcome: 'refused', reason: 'originUnknown' },
  ]);
  expect(await contentsOf(broker, topics.of('labels'))).toEqual([]);
});

test('a dry run says what would be done, and does nothing', async () => {
  const { source, broker, fail } = await setUp(1);
  await fail({ key: 'a' }, { value: 'xyz', omitValue: true });
  expect(outcomes(dryRun(await plan(source)))).toEqual(['bytesNotKept', 'planned']);
  expect(await contentsOf(broker, topics.of('events'))).toEqual([]);
  expect(await contentsOf(broker, topics.deadLetters('events'))).toHaveLength(2);
});

/** A deployment whose producer does with every send what `fate` says. */
function withFate({ source, broker }: Awaited<ReturnType<typeof setUp>>, fate: (keys: readonly string[], topic: string) => void) {
  const producer = async (): Promise<RecordProducer> => {
    const real = await broker.producer();
    const send: RecordProducer['send'] = async (records) => {
      const keys = records.map(({ key }) => key);
      fate(keys, records[0]!.topic);
      await real.send(records);
    };
    return { ...real, send };
  };
  return { ...source, broker: { ...broker, producer } };
}

test('a message that Kafka does not take stands in the way of no other', async () => {
  const deployment = await setUp(1);
  await deployment.fail(...['a', 'b', 'c', 'd', 'e'].map((key) => ({ key })));
  const source = withFate(deployment, (keys, topic) => {
    if (topic === topics.of('events') && keys.includes('c')) throw new LabelstreamError('EVENT_TOO_LARGE', 'the record is too large');
  });
  expect(outcomes(await replay(source)).sort()).toEqual(['rejected', 'replayed', 'replayed', 'replayed', 'replayed']);
  expect((await contentsOf(deployment.broker, topics.of('events'))).map(({ key }) => key)).toEqual(['a', 'b', 'd', 'e']);
  expect((await plan(deployment.source)).letters.map(({ productId }) => productId)).toEqual(['c']);
});

test('nothing is marked that was not sent, when Kafka goes away', async () => {
  const deployment = await setUp(1);
  await deployment.fail({});
  const source = withFate(deployment, () => {
    throw new LabelstreamError('BROKER_UNAVAILABLE', 'Kafka does not answer');
  });
  await expect(replay(source)).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
  expect((await plan(deployment.source)).letters).toHaveLength(1);
});
