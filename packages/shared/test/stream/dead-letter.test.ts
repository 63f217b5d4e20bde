import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InMessage } from '../../src/ports/broker.js';
import { deadLetterRecord, isReplayMarker, printable } from '../../src/stream/dead-letter.js';

const message: InMessage = {
  topic: 'listings.encoded.backfill',
  partition: 3,
  offset: 17,
  lane: 'backfill',
  key: 'p1',
  value: new Uint8Array([1, 2, 3]),
  headers: { 'x-own': 'kept' },
  timestampMs: 1234,
  generation: 1,
};
const reason = { code: 'STAGE_FAILED', detail: 'no such tensor' } as const;
const to = { topic: 'listings.encoded.dlq', stage: 'fusion' } as const;

describe('deadLetterRecord', () => {
  it('keeps key, bytes and headers, and says why, where and when', () => {
    expect(deadLetterRecord(message, reason, to)).toEqual({
      topic: 'listings.encoded.dlq',
      key: 'p1',
      value: new Uint8Array([1, 2, 3]),
      headers: {
        'x-own': 'kept',
        'labelstream-error-code': 'STAGE_FAILED',
        'labelstream-error-detail': 'no such tensor',
        'labelstream-error-stage': 'fusion',
        'labelstream-error-topic': 'listings.encoded.backfill',
        'labelstream-error-partition': '3',
        'labelstream-error-offset': '17',
        'labelstream-error-lane': 'backfill',
        'labelstream-error-timestamp': '1234',
      },
    });
  });

  it('overwrites the reason of an earlier failure', () => {
    const again = { ...message, headers: { 'labelstream-error-code': 'EVENT_INVALID' } };
    expect(deadLetterRecord(again, reason, to).headers?.['labelstream-error-code']).toBe('STAGE_FAILED');
  });

  it('can leave the bytes out, and says how many they were', () => {
    const record = deadLetterRecord(message, reason, { ...to, omitValue: true });
    expect(record.value).toBeNull();
    expect(record.headers?.['labelstream-error-omitted-bytes']).toBe('3');
  });

  it('takes a message without key or value', () => {
    const record = deadLetterRecord({ ...message, key: null, value: null }, reason, { ...to, omitValue: true });
    expect(record).toMatchObject({ key: '', value: null });
    expect(record.headers).not.toHaveProperty('labelstream-error-omitted-bytes');
  });
});

describe('isReplayMarker', () => {
  const headers = { 'labelstream-replayed': '3-17' };

  it('knows a marker', () => {
    expect(isReplayMarker({ value: null, headers })).toBe(true);
  });

  it('takes no dead letter for one, whatever headers its message brought along', () => {
    const forged = deadLetterRecord({ ...message, value: null, headers }, reason, to);
    expect(isReplayMarker({ value: forged.value, headers: forged.headers ?? {} })).toBe(false);
    expect(isReplayMarker({ value: new Uint8Array(), headers })).toBe(false);
  });
});

describe('printable', () => {
  it('makes a space of what could break a line, move a cursor or hide', () => {
    expect(printable('a\r\nb\u001b[31mc\u2028d\u202ee\u0000f')).toBe('a b [31mc d e f');
  });

  it('shortens', () => {
    expect(printable('x'.repeat(100_000))).toBe(`${'x'.repeat(511)}…`);
  });

  it('is printable, well-formed and short for any text', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff), { maxLength: 1200 }), (units) => {
        const result = printable(String.fromCharCode(...units));
        expect(result.length).toBeLessThanOrEqual(512);
        expect(result).not.toMatch(/\p{C}/u);
      }),
    );
  });
});
