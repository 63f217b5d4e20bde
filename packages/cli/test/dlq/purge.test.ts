import type { Broker } from '@labelstream/shared/ports/broker';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type DeadLetterFilter, selectByFilter, selectByIds } from '../../src/dlq/filter.js';
import { dryRunPurge, lettersToDelete, type PurgeResult, planPurge, purgeDeadLetters } from '../../src/dlq/purge.js';
import { type DeadLetterSource, findDeadLetters } from '../../src/dlq/read.js';
import { deadLetterTopic, markerRecord } from '../../src/dlq/record.js';
import { planReplay, replayDeadLetters } from '../../src/dlq/replay.js';
import { contentsOf, type Failed, setUp, topics } from './letters.js';

const everything = selectByFilter({});

function plan(source: DeadLetterSource, filter: DeadLetterFilter | string[] = {}, onlyReplayed = false) {
  const selection = Array.isArray(filter) ? selectByIds(filter) : selectByFilter(filter);
  return planPurge(source, { ...selection, onlyReplayed });
}

async function purge(...args: Parameters<typeof plan>): Promise<PurgeResult[]> {
  const results: PurgeResult[] = [];
  for await (const result of purgeDeadLetters(args[0], await plan(...args))) results.push(result);
  return results;
}

async function replay(source: DeadLetterSource, ...ids: string[]): Promise<void> {
  const selection = selectByIds(ids);
  const planned = planReplay(await findDeadLetters(source, selection), selection, { topics, force: false });
  for await (const { outcome } of replayDeadLetters(source, planned)) expect(outcome).toBe('replayed');
}

const idsLeft = async (source: DeadLetterSource) => (await findDeadLetters(source, everything)).map(({ id }) => id);

test('everything is deleted, of every stage and partition, and what fails later is kept', async () => {
  const { source, broker, fail } = await setUp(2);
  await fail({ key: 'a' }, { key: 'b' }, { key: 'c' }, { key: 'd', stage: 'sink' });
  const results = await purge(source);
  expect(results).toHaveLength(4);
  expect(results.every(({ outcome }) => outcome === 'deleted')).toBe(true);
  expect(await idsLeft(source)).toEqual([]);
  await fail({ key: 'e' });
  expect((await findDeadLetters(source, everything)).map(({ productId }) => productId)).toEqual(['e']);
  expect(await contentsOf(broker, topics.of('events'))).toEqual([]);
});

test('a dead letter behind one that is not chosen stays, and it is said which that is', async () => {
  const { source, fail } = await setUp(1);
  const [invalid, failed]: Failed[] = [{ code: 'EVENT_INVALID' }, { code: 'STAGE_FAILED' }];
  await fail(invalid!, invalid!, failed!, invalid!, failed!);
  expect(await purge(source, { code: 'EVENT_INVALID' })).toEqual([
    { id: 'ingest-0-3', outcome: 'kept', behind: 'ingest-0-2' },
    { id: 'ingest-0-0', outcome: 'deleted' },
    { id: 'ingest-0-1', outcome: 'deleted' },
  ]);
  expect(await idsLeft(source)).toEqual(['ingest-0-2', 'ingest-0-3', 'ingest-0-4']);
});

test('what failed before an instant is deleted whole', async () => {
  const { source, fail } = await setUp(2);
  await fail({ key: 'a' }, { key: 'b' }, { key: 'c' });
  await new Promise((resolve) => setTimeout(resolve, 5));
  const before = Date.now();
  await fail({ key: 'a' }, { key: 'd' });
  const results = await purge(source, { before });
  expect(results.map(({ outcome }) => outcome)).toEqual(['deleted', 'deleted', 'deleted']);
  expect((await findDeadLetters(source, everything)).map(({ productId }) => productId).sort()).toEqual(['a', 'd']);
});

test('ids delete what they name; one that is gone is not found', async () => {
  const { source, fail } = await setUp(1);
  await fail({ key: 'a' }, { key: 'b' });
  expect(await purge(source, ['ingest-0-0', 'ingest-0-9'])).toEqual([
    { id: 'ingest-0-9', outcome: 'notFound' },
    { id: 'ingest-0-0', outcome: 'deleted' },
  ]);
  expect(await purge(source, ['ingest-0-0'])).toEqual([{ id: 'ingest-0-0', outcome: 'notFound' }]);
});

test('a replayed dead letter goes together with its marker, and one that stays keeps its own', async () => {
  const { source, broker, fail } = await setUp(1);
  await fail({ key: 'a' }, { key: 'b' }, { key: 'c' });
  await replay(source, 'ingest-0-0', 'ingest-0-2');
  expect(await purge(source, {}, true)).toEqual([
    { id: 'ingest-0-2', outcome: 'kept', behind: 'ingest-0-1' },
    { id: 'ingest-0-0', outcome: 'deleted' },
  ]);
  const left = await findDeadLetters(source, everything);
  expect(left.map(({ id, isReplayed }) => [id, isReplayed])).toEqual([
    ['ingest-0-1', false],
    ['ingest-0-2', true],
  ]);
  await purge(source);
  expect(await contentsOf(broker, deadLetterTopic(topics, 'ingest'))).toEqual([]);
});

test('a marker stays as long as what it marks lies in another partition', async () => {
  const { source, broker, fail } = await setUp(2);
  await fail({ key: 'a' }, { key: 'd' });
  const [a, b] = await contentsOf(broker, deadLetterTopic(topics, 'ingest'));
  expect(a!.partition).not.toBe(b!.partition);
  // As it comes to lie after partitions were added: under the key of the other partition, before a dead letter there.
  await (await broker.producer()).send([markerRecord({ ...a!, key: b!.key })]);
  await fail({ key: b!.key, code: 'STAGE_FAILED' });
  const id = `ingest-${a!.partition}-0`;
  const chosen = selectByFilter({});
  const only = { ...chosen, isWanted: (letter: Parameters<typeof chosen.isWanted>[0]) => letter.id !== id, onlyReplayed: false };
  expect(lettersToDelete(await planPurge(source, only)).map(({ partition, offset }) => [partition, offset])).toEqual([[b!.partition, 0]]);
  expect(dryRunPurge(await planPurge(source, only))).toContainEqual({ id: `ingest-${b!.partition}-2`, outcome: 'kept', behind: id });
});

test('a dry run says what would be deleted, and deletes nothing', async () => {
  const { source, fail } = await setUp(1);
  await fail({ key: 'a' }, { key: 'b', code: 'STAGE_FAILED' }, { key: 'c' });
  expect(dryRunPurge(await plan(source, { code: 'EVENT_INVALID' }))).toEqual([
    { id: 'ingest-0-2', outcome: 'kept', behind: 'ingest-0-1' },
    { id: 'ingest-0-0', outcome: 'planned' },
  ]);
  expect(await idsLeft(source)).toHaveLength(3);
});

test('what fails between the plan and the deletion stays', async () => {
  const { source, broker, fail } = await setUp(1);
  await fail({ key: 'a' });
  const failingMeanwhile: Broker = {
    ...broker,
    async deleteBefore(positions) {
      await fail({ key: 'b' });
      await broker.deleteBefore(positions);
    },
  };
  expect(await purge({ ...source, broker: failingMeanwhile })).toEqual([{ id: 'ingest-0-0', outcome: 'deleted' }]);
  expect(await idsLeft(source)).toEqual(['ingest-0-1']);
});

test('an interrupted purge deletes nothing more', async () => {
  const { source, fail } = await setUp(1);
  await fail({});
  const planned = await plan(source);
  await expect(plan({ ...source, signal: AbortSignal.abort('SIGINT') })).rejects.toBe('SIGINT');
  const interrupted = purgeDeadLetters({ ...source, signal: AbortSignal.abort('SIGINT') }, planned);
  await expect(interrupted.next()).rejects.toBe('SIGINT');
  expect(await idsLeft(source)).toEqual(['ingest-0-0']);
});

test('whatever was replayed and is chosen, nothing is deleted that was not, and no replayed one is replayed again', async () => {
  const codes = fc.constantFrom('EVENT_INVALID' as const, 'STAGE_FAILED' as const);
  const letters = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), code: codes, replayed: fc.boolean() }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(letters, fc.boolean(), async (given, onlyReplayed) => {
      const { source, fail } = await setUp(2);
      for (const { replayed, ...failed } of given) {
        const known = new Set(await idsLeft(source));
        await fail(failed);
        if (replayed) await replay(source, ...(await idsLeft(source)).filter((id) => !known.has(id)));
      }
      const before = await findDeadLetters(source, everything);
      const deleted = new Set((await purge(source, { code: 'EVENT_INVALID' }, onlyReplayed)).filter(isDeleted).map(({ id }) => id));
      const after = await findDeadLetters(source, everything);
      expect(after).toEqual(before.filter(({ id }) => !deleted.has(id)));
      for (const { id, code, isReplayed } of before) {
        if (deleted.has(id)) expect([code, isReplayed || !onlyReplayed]).toEqual(['EVENT_INVALID', true]);
      }
    }),
    { numRuns: 60 },
  );
});

const isDeleted = ({ outcome }: PurgeResult) => outcome === 'deleted';
