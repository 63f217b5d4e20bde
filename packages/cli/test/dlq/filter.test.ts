import { expect, test } from 'vitest';
import { parseCode, parseStage, parseWhen, placeOf, selectByFilter, selectByIds } from '../../src/dlq/filter.js';
import { toDeadLetter } from '../../src/dlq/record.js';
import { type Failed, letterOf } from './letters.js';

const read = (failed: Failed, timestampMs = 1000) => toDeadLetter(letterOf(failed, { timestampMs }), failed.stage ?? 'ingest');

test.each([
  [{}, true],
  [{ code: 'EVENT_INVALID' }, true],
  [{ code: 'STAGE_FAILED' }, false],
  [{ stage: 'ingest' }, true],
  [{ stage: 'sink' }, false],
  [{ product: 'p1' }, true],
  [{ product: 'p' }, false],
  [{ since: 1000 }, true],
  [{ since: 1001 }, false],
  [{ before: 1001 }, true],
  [{ before: 1000 }, false],
  [{ since: 500, before: 1500 }, true],
  [{ since: 500, before: 900 }, false],
  [{ code: 'EVENT_INVALID', product: 'p2' }, false],
] as const)('the filter %j lets a dead letter through: %s', (filter, through) => {
  expect(selectByFilter(filter).isWanted(read({ key: 'p1', code: 'EVENT_INVALID' }))).toBe(through);
});

test('only the topics that are needed are read', () => {
  expect(selectByFilter({}).stages).toEqual(['ingest', 'encoder', 'fusion', 'sink']);
  expect(selectByFilter({ stage: 'fusion' }).stages).toEqual(['fusion']);
  expect(selectByIds(['sink-0-1', 'ingest-0-1', 'ingest-3-4']).stages).toEqual(['ingest', 'sink']);
});

test('ids select exactly what they name, once', () => {
  const { ids, isWanted } = selectByIds(['ingest-2-11', 'ingest-2-11', 'sink-2-11']);
  expect(ids).toEqual(['ingest-2-11', 'sink-2-11']);
  expect(isWanted(read({}))).toBe(true);
  expect(isWanted(read({ stage: 'fusion' }))).toBe(false);
});

test.each([
  ['30s', 9_970_000],
  ['2m', 9_880_000],
  ['1h', 6_400_000],
  ['1970-01-01', 0],
  ['1970-01-01T01:00:00Z', 3_600_000],
  ['1970-01-01T01:00:00.5+01:00', 500],
])('the time %s', (text, ms) => {
  expect(parseWhen('--since', text, 10_000_000)).toBe(ms);
});

test.each(['', '2', '2w', '-2h', 'yesterday', '2026-13-01', '2026-01-01T08:00:00'])('the time "%s" is refused', (text) => {
  expect(() => parseWhen('--before', text, 0)).toThrow(
    expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('--before takes') }),
  );
});

test('codes and stages are of the closed lists, which the refusal names', () => {
  expect(parseCode('STAGE_FAILED')).toBe('STAGE_FAILED');
  expect(() => parseCode('toString')).toThrow(/no error code "toString"; there are EVENT_NOT_DECODABLE, .*REQUEUE_EXHAUSTED/);
  expect(parseStage('sink')).toBe('sink');
  expect(() => parseStage('sinks')).toThrow(/no stage "sinks"; there are ingest, encoder, fusion, sink/);
});

test.each(['', 'ingest', 'ingest-1', 'nobody-1-2', 'ingest-1-2-3', 'ingest--1-2', ' ingest-1-2'])('"%s" is no id', (id) => {
  expect(() => placeOf(id)).toThrow(expect.objectContaining({ code: 'USAGE' }));
});
