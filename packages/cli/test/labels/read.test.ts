import { expect, test } from 'vitest';
import { type LabelLine, type LabelSource, lastLabels, tailLabels } from '../../src/labels/read.js';
import { labelsOf, openMemoryTopics } from '../memory-topics.js';

async function setUp() {
  const { broker, topics, codecs, producer } = await openMemoryTopics();
  const source: LabelSource = { broker, labels: codecs.labels, topic: topics.of('labels') };
  const publish = (productId: string, version: number | null) =>
    producer.send([
      { topic: source.topic, key: productId, value: version === null ? null : codecs.labels.encode(labelsOf(productId, version)) },
    ]);
  return { source, publish };
}

async function collect(lines: AsyncIterable<LabelLine>): Promise<LabelLine[]> {
  const all: LabelLine[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

const forever = () => new AbortController().signal;
const idsOf = (lines: readonly LabelLine[]) => lines.map(({ productId }) => productId).sort();

test('the last labels of a product are those of its last version', async () => {
  const { source, publish } = await setUp();
  for (const version of [1, 2, 3]) for (const id of ['a', 'b', 'c', 'd']) await publish(id, version);
  expect(await lastLabels(source, 'c', forever())).toMatchObject({ productId: 'c', version: 3 });
});

test('a deleted product is told as such, an unknown one as null', async () => {
  const { source, publish } = await setUp();
  await publish('a', 1);
  await publish('a', null);
  expect(await lastLabels(source, 'a', forever())).toEqual({ productId: 'a', deleted: true });
  expect(await lastLabels(source, 'nobody', forever())).toBeNull();
});

test('from the beginning everything comes, up to the limit', async () => {
  const { source, publish } = await setUp();
  for (const id of ['a', 'b', 'c', 'd', 'e']) await publish(id, 1);
  const all = { fromBeginning: true, follow: false, signal: forever() };
  expect(idsOf(await collect(tailLabels(source, { ...all, limit: Number.POSITIVE_INFINITY })))).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(await collect(tailLabels(source, { ...all, limit: 2 }))).toHaveLength(2);
});

test('without options only the newest come', async () => {
  const { source, publish } = await setUp();
  for (let i = 0; i < 100; i++) await publish(`old-${i}`, 1);
  await new Promise((resolve) => setTimeout(resolve, 5));
  await publish('new-1', 1);
  await publish('new-2', 1);
  const lines = await collect(tailLabels(source, { fromBeginning: false, follow: false, limit: 2, signal: forever() }));
  expect(idsOf(lines)).toEqual(['new-1', 'new-2']);
});

test('following gives what is published from now on, until it is stopped', async () => {
  const { source, publish } = await setUp();
  await publish('before', 1);
  const stop = new AbortController();
  const lines = collect(tailLabels(source, { fromBeginning: false, follow: true, limit: Number.POSITIVE_INFINITY, signal: stop.signal }));
  await new Promise((resolve) => setTimeout(resolve, 20));
  await publish('after', 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  stop.abort();
  expect(idsOf(await lines)).toEqual(['after']);
});
