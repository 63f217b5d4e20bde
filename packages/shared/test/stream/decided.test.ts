import { describe, expect, it } from 'vitest';
import { LabelstreamError } from '../../src/errors.js';
import type { InMessage } from '../../src/ports/broker.js';
import { createDecider, type Decided } from '../../src/stream/decided.js';
import { deadLetter, defer, drop } from '../../src/stream/outcome.js';
import { deadLetters, output, passOn, stageOf, topics } from './harness.js';

const decider = createDecider(stageOf(passOn), topics);
const message = (offset: number, sizeBytes = 10): InMessage => ({
  topic: topics.of('encoded'),
  partition: 0,
  offset,
  lane: 'live',
  key: 'p',
  value: new Uint8Array(sizeBytes),
  headers: {},
  timestampMs: 0,
  generation: 1,
});
const sizeOf = (decided: readonly Decided[]) =>
  decided.flatMap(({ records }) => records).reduce((sum, { value }) => sum + (value?.length ?? 0), 0);

/** A broker that takes `limitBytes` in one piece. */
function limited(limitBytes: number) {
  const written: Decided[] = [];
  return {
    written,
    async write(decided: readonly Decided[]) {
      if (sizeOf(decided) > limitBytes) throw new LabelstreamError('EVENT_TOO_LARGE', `more than ${limitBytes} bytes`);
      written.push(...decided);
      return true;
    },
  };
}

describe('createDecider', () => {
  it('asks for records where an outcome needs them', () => {
    const batch = [message(0), message(1), message(2), message(3)];
    const outcomes = [passOn(message(0)), deadLetter('EVENT_INVALID', 'why'), drop('UNCHANGED'), defer('IMAGE_NOT_FOUND')];
    const decided = decider.decide(batch, outcomes);
    expect(decided.map(({ records }) => records.map(({ topic }) => topic))).toEqual([[output], [deadLetters], [], []]);
  });

  it('writes a batch in halves when it is too large as a whole, and loses no order', async () => {
    const batch = Array.from({ length: 7 }, (_, offset) => message(offset));
    const { written, write } = limited(20);
    expect(await decider.writeAll(decider.decide(batch, batch.map(passOn)), write)).toBe(true);
    expect(written.map(({ message: { offset } }) => offset)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(written.every(({ outcome }) => outcome.kind === 'emit')).toBe(true);
  });

  it('makes a dead letter of a message whose records are too large, and leaves the others alone', async () => {
    const batch = [message(0), message(1), message(2)];
    const large = passOn(message(1, 30));
    const { written, write } = limited(25);
    await decider.writeAll(decider.decide(batch, [passOn(message(0)), large, passOn(message(2))]), write);
    expect(written.map(({ outcome }) => outcome.kind)).toEqual(['emit', 'deadLetter', 'emit']);
    expect(written[1]?.outcome).toMatchObject({ code: 'EVENT_TOO_LARGE' });
    expect(written[1]?.records[0]?.value?.length).toBe(10);
  });

  it('leaves the bytes out of a dead letter that is too large itself', async () => {
    const { written, write } = limited(25);
    await decider.writeAll(decider.decide([message(0, 30)], [deadLetter('EVENT_INVALID', 'why')]), write);
    expect(written[0]).toMatchObject({ outcome: { code: 'EVENT_INVALID' }, records: [{ topic: deadLetters, value: null }] });
  });

  it('keeps what a dead letter leaves of a message for as long as the broker takes it', async () => {
    const left = { topic: output, key: 'p', value: new Uint8Array(20) };
    const decided = decider.decide([message(0, 30)], [deadLetter('IMAGE_NOT_FOUND', 'why', [left])]);
    expect(decided[0]?.records.map(({ topic }) => topic)).toEqual([output, deadLetters]);
    const roomy = limited(25);
    await decider.writeAll(decided, roomy.write);
    expect(roomy.written[0]?.records).toMatchObject([left, { topic: deadLetters, value: null }]);
    const narrow = limited(15);
    await decider.writeAll(decided, narrow.write);
    expect(narrow.written[0]?.records).toMatchObject([{ topic: deadLetters, value: null }]);
  });

  it('does not go on for ever when nothing at all can be written', async () => {
    const refuse = () => Promise.reject(new LabelstreamError('EVENT_TOO_LARGE', 'no'));
    await expect(decider.writeAll(decider.decide([message(0)], [passOn(message(0))]), refuse)).rejects.toThrow('no');
  });

  it('throws what is not about the records', async () => {
    const batch = [message(0), message(1)];
    const fenced = () => Promise.reject(new LabelstreamError('BROKER_FENCED', 'zombie'));
    await expect(decider.writeAll(decider.decide(batch, batch.map(passOn)), fenced)).rejects.toThrow('zombie');
  });

  it('stops where the writer gives up', async () => {
    const sizes: number[] = [];
    const write = async (decided: readonly Decided[]) => {
      sizes.push(decided.length);
      if (decided.length > 1) throw new LabelstreamError('EVENT_TOO_LARGE', 'no');
      return false;
    };
    const batch = [message(0), message(1)];
    expect(await decider.writeAll(decider.decide(batch, batch.map(passOn)), write)).toBe(false);
    expect(sizes).toEqual([2, 1]);
  });
});
