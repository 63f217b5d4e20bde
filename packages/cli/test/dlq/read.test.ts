import { topicNames } from '@labelstream/shared/events/topics';
import { expect, test } from 'vitest';
import { selectByFilter } from '../../src/dlq/filter.js';
import { findDeadLetters, newestFirst, readDeadLetter, stagesWithTopic } from '../../src/dlq/read.js';
import { markerRecord, parseId } from '../../src/dlq/record.js';
import { contentsOf, letterOf, setUp, topics } from './letters.js';

const everything = selectByFilter({});

test('the dead letters of all stages are found, and which of them were replayed', async () => {
  const { source, broker, fail } = await setUp();
  await fail({ key: 'a' }, { key: 'b' }, { key: 'c', stage: 'sink' });
  const marked = (await contentsOf(broker, topics.deadLetters('events'))).find(({ key }) => key === 'b')!;
  await (await broker.producer()).send([markerRecord(marked)]);

  const found = await findDeadLetters(source, everything);
  expect(Object.fromEntries(found.map(({ productId, isReplayed }) => [productId, isReplayed]))).toEqual({ a: false, b: true, c: false });
  for (const { id } of found) expect((await readDeadLetter(source, parseId(id)!))?.letter.id).toBe(id);
});

test('one dead letter comes with its bytes and headers', async () => {
  const { source, fail } = await setUp(1);
  await fail({ value: 'first' }, { value: 'second', headers: { own: 'kept' } });
  const found = await readDeadLetter(source, { stage: 'ingest', partition: 0, offset: 1 });
  expect(Buffer.from(found!.message.value!).toString()).toBe('second');
  expect(found!.message.headers).toMatchObject({ own: 'kept', 'labelstream-error-code': 'EVENT_INVALID' });
  expect(found!.letter.isReplayed).toBe(false);
});

test('a marker is no dead letter, nor is an offset behind the end', async () => {
  const { source, broker, fail } = await setUp(1);
  await fail({});
  await (await broker.producer()).send([markerRecord(letterOf({}, { partition: 0, offset: 0 }))]);
  expect(await readDeadLetter(source, { stage: 'ingest', partition: 0, offset: 1 })).toBeNull();
  expect(await readDeadLetter(source, { stage: 'ingest', partition: 0, offset: 99 })).toBeNull();
  expect((await readDeadLetter(source, { stage: 'ingest', partition: 0, offset: 0 }))?.letter.isReplayed).toBe(true);
});

test('stages whose topics were never created are left out', async () => {
  const { source } = await setUp();
  const elsewhere = { ...source, topics: topicNames('elsewhere.') };
  expect(await stagesWithTopic(source, ['ingest', 'sink'])).toEqual(['ingest', 'sink']);
  expect(await stagesWithTopic(elsewhere, ['ingest'])).toEqual([]);
  expect(await findDeadLetters(elsewhere, everything)).toEqual([]);
  expect(await readDeadLetter(elsewhere, { stage: 'ingest', partition: 0, offset: 0 })).toBeNull();
});

test('an interrupted reading gives no half an answer', async () => {
  const { source, fail } = await setUp();
  await fail({});
  await expect(findDeadLetters({ ...source, signal: AbortSignal.abort('SIGINT') }, everything)).rejects.toBe('SIGINT');
});

test('the newest come first', async () => {
  const { source, fail } = await setUp(1);
  await fail({ key: 'old' });
  await new Promise((resolve) => setTimeout(resolve, 5));
  await fail({ key: 'new' }, { key: 'newest' });
  expect(newestFirst(await findDeadLetters(source, everything)).map(({ productId }) => productId)).toEqual(['newest', 'new', 'old']);
});
