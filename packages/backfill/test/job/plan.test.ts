import { describe, expect, it } from 'vitest';
import type { Backfill } from '../../src/job/backfill.js';
import { planRanges } from '../../src/job/plan.js';
import type { BackfillRange } from '../../src/kind.js';
import { createNumbers } from './numbers-kind.js';

const signal = new AbortController().signal;
const known = (rangesPlanned: number) => ({ counts: { rangesPlanned } }) as Backfill;

/** Takes ranges until it has `full` of them. */
function createAdder(full = Number.POSITIVE_INFINITY) {
  const added: BackfillRange[] = [];
  let finished = false;
  return {
    added,
    finished: () => finished,
    addRanges: async (_: unknown, ranges: readonly BackfillRange[]) => {
      added.push(...ranges);
      return added.length >= full ? ('full' as const) : ('more' as const);
    },
    finishPlan: async () => {
      finished = true;
    },
  };
}

const open = (ranges: number) => createNumbers('n').kind.open({ ranges, rows: 1 }, signal);

describe('a plan', () => {
  it('adds all ranges in order and says that it is finished', async () => {
    const adder = createAdder();
    expect(await planRanges(known(0), await open(250), adder, signal)).toBe(250);
    expect(adder.added.map(({ ordinal }) => ordinal)).toEqual(Array.from({ length: 250 }, (_, i) => i));
    expect(adder.finished()).toBe(true);
  });

  it('begins again after a crash without adding what is known', async () => {
    const adder = createAdder();
    await planRanges(known(130), await open(250), adder, signal);
    expect(adder.added[0]?.ordinal).toBe(130);
    expect(adder.added).toHaveLength(120);
    expect(adder.finished()).toBe(true);
  });

  it('stops where enough is known for now, and where it is told to, without being finished', async () => {
    const adder = createAdder(100);
    await planRanges(known(0), await open(250), adder, signal);
    expect(adder.added).toHaveLength(100);
    expect(adder.finished()).toBe(false);
    const told = createAdder();
    await planRanges(known(0), await open(250), told, AbortSignal.abort());
    expect([told.added.length, told.finished()]).toEqual([0, false]);
  });

  it('of nothing is finished as well', async () => {
    const adder = createAdder();
    await planRanges(known(0), await open(0), adder, signal);
    expect([adder.added.length, adder.finished()]).toEqual([0, true]);
  });
});
