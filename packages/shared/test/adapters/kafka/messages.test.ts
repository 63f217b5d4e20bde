import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitBySize, toInMessage, toTopicMessages } from '../../../src/adapters/kafka/messages.js';

const record = (topic: string, key: string, sizeBytes: number) => ({ topic, key, value: new Uint8Array(sizeBytes) });

describe('records for kafkajs', () => {
  it('are split into runs below the limit, in order, none lost', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1200 })), (sizes) => {
        const records = sizes.map((sizeBytes, i) => record('t', `${i}`, sizeBytes));
        const runs = splitBySize(records, 1000);
        expect(runs.flat()).toEqual(records);
        for (const run of runs) {
          expect(run.length).toBeGreaterThan(0);
          const sum = run.reduce((bytes, { value }) => bytes + value!.byteLength, 0);
          expect(run.length === 1 || sum <= 1000).toBe(true);
        }
      }),
    );
  });

  it('are grouped by topic, in order within each, tombstones and headers kept', () => {
    const grouped = toTopicMessages([
      { topic: 'a', key: '1', value: null },
      { topic: 'b', key: '2', value: Uint8Array.of(1, 2, 3).subarray(1), headers: { h: 'x' } },
      { topic: 'a', key: '3', value: new Uint8Array(0) },
    ]);
    expect(grouped.map(({ topic, messages }) => [topic, messages.map(({ key }) => key)])).toEqual([
      ['a', ['1', '3']],
      ['b', ['2']],
    ]);
    expect(grouped[0]!.messages[0]!.value).toBeNull();
    expect([...(grouped[1]!.messages[0]!.value as Buffer)]).toEqual([2, 3]);
    expect(grouped[1]!.messages[0]!.headers).toEqual({ h: 'x' });
  });
});

describe('messages of kafkajs', () => {
  const place = { topic: 't', partition: 2, lane: 'live', generation: 7 } as const;

  it('arrive with numbers and text', () => {
    const message = toInMessage(
      {
        key: Buffer.from('ключ'),
        value: Buffer.from('v'),
        timestamp: '1700000000000',
        attributes: 0,
        offset: '9007199254740991',
        headers: { one: Buffer.from('1'), many: [Buffer.from('a'), Buffer.from('b')], none: undefined },
      },
      place,
    );
    expect(message).toMatchObject({ ...place, key: 'ключ', offset: Number.MAX_SAFE_INTEGER, timestampMs: 1_700_000_000_000 });
    expect(message.headers).toEqual({ one: '1', many: 'b' });
  });

  it('may have neither key nor value nor headers', () => {
    const message = toInMessage({ key: null, value: null, timestamp: '0', attributes: 0, offset: '0', headers: {} }, place);
    expect(message).toMatchObject({ key: null, value: null, headers: {} });
  });
});
