import { describe, expect, it } from 'vitest';
import { createCodecs } from '../../src/events/codecs.js';
import { readPass } from '../../src/events/headers.js';
import type { RecordHead } from '../../src/events/records.js';
import { topicNames } from '../../src/events/topics.js';
import { createSendBack } from '../../src/stream/send-back.js';

const codecs = await createCodecs();
const sendBack = createSendBack({ topics: topicNames('x.'), codec: codecs.productEvent, limit: 2 });
const record: RecordHead = {
  productId: 'p1',
  version: 7,
  revision: 3,
  op: 'UPSERT',
  lane: 'backfill',
  listing: { title: 'a shirt', attributes: { size: 'M' }, images: [{ uri: 'https://a.example/b.jpg' }], locale: 'en' },
  occurredAt: 111,
  receivedAt: 222,
};
const pass = (requeue: number, attempt = 0) => ({ attempt, revision: 0, requeue });

describe('sendBack', () => {
  it('makes the event of the listing again, in its lane and as the same revision', async () => {
    const outcome = sendBack(record, pass(0), 'the pixels');
    if (outcome.kind !== 'emit') throw new Error(outcome.kind);
    const [sent] = outcome.records;
    expect(sent).toMatchObject({ topic: 'x.product.events.backfill', key: 'p1' });
    expect(await codecs.productEvent.decode(sent!.value!)).toEqual({
      productId: 'p1',
      version: 7,
      op: 'UPSERT',
      occurredAt: 111,
      ...record.listing,
    });
    expect(readPass(sent!.headers!)).toEqual({ attempt: 3, revision: 3, receivedAt: 222, requeue: 1 });
    expect(outcome.note).toBe('SENT_BACK');
  });

  it('does not forget attempts made at the image', () => {
    const outcome = sendBack(record, pass(1, 5), 'the pixels');
    expect(outcome.kind === 'emit' && readPass(outcome.records[0]!.headers!)).toMatchObject({ attempt: 5, requeue: 2 });
  });

  it('does not forget how often the listing was replayed, so that a replay cannot go on for ever', () => {
    const outcome = sendBack(record, { ...pass(0), replays: 2 }, 'the pixels');
    expect(outcome.kind === 'emit' && readPass(outcome.records[0]!.headers!)).toMatchObject({ requeue: 1, replays: 2 });
  });

  it('gives a listing up whose claim checks keep vanishing', () => {
    expect(sendBack(record, pass(2), 'the pixels')).toMatchObject({ kind: 'deadLetter', code: 'REQUEUE_EXHAUSTED' });
  });
});
