import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCommitGuard } from '../../../src/adapters/common/commit-guard.js';
import type { InMessage } from '../../../src/ports/broker.js';

const message = (partition: number, offset: number): InMessage => ({
  topic: 't',
  partition,
  lane: 'live',
  offset,
  key: null,
  value: null,
  headers: {},
  timestampMs: 0,
  generation: 1,
});
const position = (partition: number, offset: number) => ({ topic: 't', partition, offset });

describe('commit guard', () => {
  it('lets through positions after messages of this generation only', () => {
    const guard = createCommitGuard();
    guard.handedOut([message(0, 10), message(0, 11), message(1, 5)]);
    guard.handedOut([message(0, 13)]);
    const asked = [position(0, 10), position(0, 11), position(0, 14), position(0, 15), position(1, 6), position(2, 1)];
    expect(guard.committable(asked)).toEqual([position(0, 11), position(0, 14), position(1, 6)]);
  });

  it('lets nothing of a former generation through', () => {
    const guard = createCommitGuard();
    guard.handedOut([message(0, 10), message(1, 3)]);
    guard.reset();
    guard.handedOut([message(0, 40)]);
    expect(guard.committable([position(0, 11), position(1, 4), position(0, 41)])).toEqual([position(0, 41)]);
  });

  it('lets, whatever is handed out and asked for, only positions after what this generation was given through', () => {
    const offsets = fc.uniqueArray(fc.nat(50), { minLength: 1, maxLength: 10 }).map((all) => all.sort((a, b) => a - b));
    fc.assert(
      fc.property(fc.array(offsets, { maxLength: 3 }), offsets, fc.array(fc.nat(60)), (former, mine, asked) => {
        const guard = createCommitGuard();
        for (const lost of former) {
          guard.handedOut(lost.map((offset) => message(0, offset)));
          guard.reset();
        }
        guard.handedOut(mine.map((offset) => message(0, offset)));
        const through = guard.committable(asked.map((offset) => position(0, offset))).map(({ offset }) => offset);
        expect(through).toEqual(asked.filter((offset) => offset > mine[0]! && offset <= mine.at(-1)! + 1));
      }),
    );
  });
});
