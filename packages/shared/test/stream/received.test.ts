import { describe, expect, it } from 'vitest';
import { LabelstreamError } from '../../src/errors.js';
import type { InMessage } from '../../src/ports/broker.js';
import type { Codec } from '../../src/ports/codec.js';
import { drop } from '../../src/stream/outcome.js';
import { receive, receivedOf, weave } from '../../src/stream/received.js';

const message = (text: string | null, headers: Record<string, string> = {}): InMessage => ({
  topic: 't',
  partition: 0,
  offset: 0,
  lane: 'live',
  key: 'p',
  value: text === null ? null : Buffer.from(text),
  headers,
  timestampMs: 0,
  generation: 1,
});

const codec: Codec<string> = {
  encode: (value) => Buffer.from(value),
  decode: async (bytes) => {
    const text = Buffer.from(bytes).toString();
    if (text === 'bad') throw new LabelstreamError('EVENT_INVALID', 'bad record');
    if (text === 'down') throw new LabelstreamError('SCHEMA_REGISTRY_UNAVAILABLE', 'no answer');
    return text;
  },
};

describe('receive', () => {
  it('makes a dead letter of each message that cannot be decoded, and of no other', async () => {
    const items = await receive(
      [message('a'), message('bad'), message(null), message('b', { 'labelstream-requeue': 'x' }), message('c')],
      codec,
    );
    expect(items.map((item) => (item.kind === 'received' ? item.record : item.kind === 'deadLetter' ? item.code : item))).toEqual([
      'a',
      'EVENT_INVALID',
      'EVENT_NOT_DECODABLE',
      'EVENT_INVALID',
      'c',
    ]);
    expect(receivedOf(items).map(({ record }) => record)).toEqual(['a', 'c']);
  });

  it('waits for what is down', async () => {
    await expect(receive([message('a'), message('down')], codec)).rejects.toMatchObject({ code: 'SCHEMA_REGISTRY_UNAVAILABLE' });
  });

  it('carries the headers of the pass on, and no others', async () => {
    const headers = { 'labelstream-requeue': '2', 'labelstream-replays': '1' };
    const [item] = await receive([message('a', { ...headers, other: 'x' })], codec);
    expect(item).toMatchObject({ pass: { requeue: 2, replays: 1 }, passHeaders: headers });
    expect(item).not.toHaveProperty('passHeaders.other');
  });
});

describe('weave', () => {
  it('puts one outcome back at the place of each message', async () => {
    const items = await receive([message('a'), message('bad'), message('b')], codec);
    const outcomes = weave(items, [drop('UNCHANGED'), drop('SUPERSEDED')]);
    expect(outcomes.map((outcome) => (outcome.kind === 'drop' ? outcome.reason : outcome.kind))).toEqual([
      'UNCHANGED',
      'deadLetter',
      'SUPERSEDED',
    ]);
  });
});
