import { expect, test } from 'vitest';
import type { PurgeResult } from '../../src/dlq/purge.js';
import { toDeadLetter } from '../../src/dlq/record.js';
import { EMPTY_TALLY, letterLine, letterTable, letterText, purgeText, tallied, tallyText } from '../../src/dlq/render.js';
import type { ReplayResult } from '../../src/dlq/replay.js';
import { createPaint } from '../../src/output.js';
import { type Failed, letterOf } from './letters.js';

const plain = createPaint(false);
const found = (failed: Failed, isReplayed = false) => ({ ...toDeadLetter(letterOf(failed), failed.stage ?? 'ingest'), isReplayed });

test('a line for machines says everything but the bytes', () => {
  expect(letterLine(found({ value: 'abc', lane: 'backfill' }))).toEqual({
    id: 'ingest-2-11',
    failedAt: '2023-11-14T22:13:20.000Z',
    stage: 'ingest',
    code: 'EVENT_INVALID',
    detail: 'EVENT_INVALID it is',
    productId: 'p1',
    from: { topic: 'shop.product.events.backfill', partition: 1, offset: 7, lane: 'backfill' },
    sizeBytes: 3,
    bytesKept: true,
    replays: 0,
    isReplayed: false,
  });
});

test('a table has one short, harmless line a dead letter', () => {
  const letter = { ...found({ key: `\u001b[2J${'k'.repeat(500)}` }, true), detail: 'x\n'.repeat(500) };
  const [, , row = '', ...others] = letterTable([letter], plain).split('\n');
  expect(others).toEqual([]);
  expect(row).toMatch(/^ingest-2-11 {2}2023-11-14T22:13:20.000Z {2}ingest {2}EVENT_INVALID {2}\[2Jk+… {2}replayed; x x/);
  expect(row.length).toBeLessThan(250);
  expect(row).not.toMatch(/\p{C}/u);
});

test('a dead letter is shown with its reason, its origin, its own headers and its bytes', () => {
  const failed = { value: 'abc', headers: { 'x-own': 'a\u001b[2Jb', 'labelstream-replays': '2' } };
  const text = letterText(found(failed), letterOf(failed), { form: 'hex', text: '0000  61', why: 'no\nJSON' }, plain);
  expect(text).toContain('detail                      EVENT_INVALID it is');
  expect(text).toContain('from                        shop.product.events, partition 1, offset 7, live lane');
  expect(text).toContain('header x-own                a [2Jb');
  expect(text).toContain('replays                     2 before\n');
  expect(text).toMatch(/\n\n3 bytes, hex; no JSON\n0000 {2}61$/);
  expect(text).not.toContain('header labelstream-error');
});

test('a record that nobody wrote as a dead letter is shown as far as it goes', () => {
  const stray = { ...letterOf(), headers: {} };
  const letter = { ...toDeadLetter(stray, 'ingest'), isReplayed: false };
  expect(letterLine(letter)).toMatchObject({ code: 'unknown', from: null });
  expect(letterText(letter, stray, null, plain)).toContain('from     unknown\nreplays  0 before\n');
});

test('where there are no bytes, it is said why', () => {
  const omitted = { value: 'abc', omitValue: true };
  expect(letterText(found(omitted), letterOf(omitted), null, plain)).toMatch(/\n\nIts 3 bytes were too large to be kept\.$/);
  expect(letterText(found({ value: null }), letterOf({ value: null }), null, plain)).toMatch(/\n\nIt has no value\.$/);
});

test('a replay ends with what it did, by reason', () => {
  const results: ReplayResult[] = [
    { id: 'ingest-0-0', outcome: 'replayed', topic: 't', replays: 1 },
    { id: 'ingest-0-1', outcome: 'alreadyReplayed' },
    { id: 'ingest-0-2', outcome: 'refused', reason: 'bytesNotKept' },
    { id: 'ingest-0-3', outcome: 'refused', reason: 'bytesNotKept' },
  ];
  const tally = results.reduce(tallied, EMPTY_TALLY);
  expect(tallyText(tally, false).split('\n')).toEqual([
    '1 dead letter replayed.',
    '1 dead letter had been replayed already.',
    '2 dead letters cannot be replayed: too large for its bytes to be kept; send the message again from its source.',
  ]);
  expect(tallyText(EMPTY_TALLY, true)).toBe('0 dead letters would be replayed.');
});

test('a purge ends with what it deleted and why the rest stays', () => {
  const planned: PurgeResult[] = [
    { id: 'ingest-0-0', outcome: 'planned' },
    { id: 'ingest-0-4', outcome: 'kept', behind: 'ingest-0-3' },
    { id: 'ingest-0-9', outcome: 'notFound' },
  ];
  expect(purgeText(planned, true).split('\n')).toEqual([
    '1 dead letter would be deleted for good; add --yes to do it.',
    '1 dead letter must stay: Kafka deletes a partition from its beginning only, and something that was not chosen lies before.',
    '1 dead letter not there, or no longer kept.',
  ]);
  expect(purgeText([{ id: 'ingest-0-0', outcome: 'deleted' }], false)).toBe('1 dead letter deleted for good.');
  expect(purgeText([], true)).toBe('0 dead letters would be deleted for good.');
});
