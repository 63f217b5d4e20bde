import { isReplayMarker } from '@labelstream/shared/stream/dead-letter';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { idInMarker, idOf, markerRecord, parseId, replayRecord, toDeadLetter } from '../../src/dlq/record.js';
import { letterOf, originalOf } from './letters.js';

test('a dead letter tells what failed, why and where it came from', () => {
  expect(toDeadLetter(letterOf({ key: 'p9', value: 'abc', stage: 'fusion', lane: 'backfill', code: 'STAGE_FAILED' }), 'fusion')).toEqual({
    id: 'fusion-2-11',
    stage: 'fusion',
    partition: 2,
    offset: 11,
    failedAtMs: 1_700_000_000_000,
    code: 'STAGE_FAILED',
    detail: 'STAGE_FAILED it is',
    productId: 'p9',
    origin: { topic: 'shop.listings.encoded.backfill', partition: '1', offset: '7', lane: 'backfill', timestamp: '1700000000000' },
    sizeBytes: 3,
    isOmitted: false,
    replays: 0,
  });
});

test('what was too large to be kept is known with its size', () => {
  const letter = toDeadLetter(letterOf({ value: 'x'.repeat(5000), omitValue: true }), 'ingest');
  expect(letter).toMatchObject({ isOmitted: true, sizeBytes: 5000 });
});

test('a header of the message itself does not make kept bytes omitted', () => {
  const letter = toDeadLetter(letterOf({ value: 'abc', headers: { 'labelstream-error-omitted-bytes': '9' } }), 'ingest');
  expect(letter).toMatchObject({ isOmitted: false, sizeBytes: 3 });
});

test('a record that nobody wrote as a dead letter is read all the same', () => {
  const stray = { ...originalOf(), headers: { 'labelstream-replays': 'many' }, key: null, value: null };
  expect(toDeadLetter(stray, 'ingest')).toMatchObject({ code: 'unknown', productId: '', sizeBytes: 0, replays: 0, origin: { topic: '' } });
});

test('replaying restores the message for any key, bytes and headers of its own', () => {
  const own = fc.dictionary(
    fc.string().filter((name) => !name.startsWith('labelstream-') && name !== '__proto__'),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.string(), fc.uint8Array(), own, fc.constantFrom('live' as const, 'backfill' as const), (key, value, headers, lane) => {
      const original = originalOf({ key, value, headers, lane, stage: 'encoder' });
      expect(replayRecord(letterOf({ key, value, headers, lane, stage: 'encoder' }), 'encoder')).toEqual({
        topic: original.topic,
        key,
        value,
        headers: { ...headers, 'labelstream-replays': '1' },
      });
    }),
  );
});

test('the replays of one message are counted up', () => {
  const once = replayRecord(letterOf(), 'ingest');
  const twice = replayRecord(letterOf({ headers: once.headers! }), 'ingest');
  expect(twice.headers).toEqual({ 'labelstream-replays': '2' });
});

test('an event without a value stays one, and a missing key becomes the empty one', () => {
  expect(replayRecord(letterOf({ key: null, value: null }), 'ingest')).toMatchObject({ key: '', value: null });
});

test('the passes of a listing are kept, but its count of being sent back starts anew where that count was the failure', () => {
  const headers = { 'labelstream-attempt': '2', 'labelstream-revision': '2', 'labelstream-requeue': '5' };
  expect(replayRecord(letterOf({ headers }), 'ingest').headers).toMatchObject(headers);
  const exhausted = replayRecord(letterOf({ headers, code: 'REQUEUE_EXHAUSTED' }), 'ingest').headers;
  expect(exhausted).toEqual({ 'labelstream-attempt': '2', 'labelstream-revision': '2', 'labelstream-replays': '1' });
});

test('a marker is known as one and names its dead letter', () => {
  const letter = letterOf({ key: 'p9' });
  const marker = markerRecord(letter);
  expect(marker).toEqual({ topic: letter.topic, key: 'p9', value: null, headers: { 'labelstream-replayed': '2-11' } });
  const read = { ...letter, ...marker, headers: marker.headers!, offset: 12 };
  expect(isReplayMarker(read)).toBe(true);
  expect(idInMarker(read, 'ingest')).toBe('ingest-2-11');
});

test('an id leads back to its place', () => {
  fc.assert(
    fc.property(fc.constantFrom('ingest', 'sink'), fc.nat(999), fc.maxSafeNat(), (stage, partition, offset) => {
      fc.pre(offset < 1e15);
      const place = { stage, partition, offset } as const;
      expect(parseId(idOf(place))).toEqual(place);
    }),
  );
});
