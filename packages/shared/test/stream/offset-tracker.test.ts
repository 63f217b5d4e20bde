import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOffsetTracker } from '../../src/stream/offset-tracker.js';

const at = (offset: number, partition = 0) => ({ topic: 't', partition, offset });

function trackerOf(...offsets: number[]) {
  const tracker = createOffsetTracker();
  for (const offset of offsets) tracker.track(at(offset));
  return tracker;
}

describe('createOffsetTracker', () => {
  it('offers nothing while the first message is unresolved', () => {
    const tracker = trackerOf(5, 6, 7);
    tracker.resolve(at(6));
    tracker.resolve(at(7));
    expect(tracker.committable()).toEqual([]);
    expect(tracker.unresolved()).toBe(1);
  });

  it('jumps over everything resolved as soon as the lowest is', () => {
    const tracker = trackerOf(5, 6, 7, 8);
    tracker.resolve(at(7));
    tracker.resolve(at(6));
    tracker.resolve(at(5));
    expect(tracker.committable()).toEqual([at(8)]);
  });

  it('takes gaps for what they are: offsets that no message ever had', () => {
    const tracker = trackerOf(3, 10, 25);
    tracker.resolve(at(3));
    expect(tracker.committable()).toEqual([at(10)]);
    tracker.resolve(at(25));
    tracker.resolve(at(10));
    expect(tracker.committable()).toEqual([at(26)]);
  });

  it('offers a position once, and again when it has moved', () => {
    const tracker = trackerOf(0, 1);
    tracker.resolve(at(0));
    tracker.committed(tracker.committable());
    expect(tracker.committable()).toEqual([]);
    tracker.resolve(at(1));
    expect(tracker.committable()).toEqual([at(2)]);
  });

  it('keeps partitions apart', () => {
    const tracker = createOffsetTracker();
    tracker.track(at(4, 0));
    tracker.track(at(9, 1));
    tracker.resolve(at(9, 1));
    expect(tracker.committable()).toEqual([at(10, 1)]);
  });

  it('forgets the old assignment: its late outcomes move nothing', () => {
    const tracker = trackerOf(0, 1);
    tracker.reset();
    tracker.resolve(at(0));
    expect(tracker.committable()).toEqual([]);
    expect(tracker.unresolved()).toBe(0);
  });

  it('never passes the lowest unresolved offset and never goes back, in any order', () => {
    const run = fc
      .uniqueArray(fc.nat(200), { minLength: 1, maxLength: 40 })
      .map((offsets) => offsets.sort((a, b) => a - b))
      .chain((offsets) => fc.tuple(fc.constant(offsets), fc.shuffledSubarray(offsets, { minLength: offsets.length })));
    fc.assert(
      fc.property(run, ([offsets, order]) => {
        const tracker = trackerOf(...offsets);
        const open = new Set(offsets);
        let last = -1;
        for (const offset of order) {
          tracker.resolve(at(offset));
          open.delete(offset);
          const position = tracker.committable()[0]?.offset ?? last;
          expect(position).toBeGreaterThanOrEqual(last);
          if (open.size > 0) expect(position).toBeLessThanOrEqual(Math.min(...open));
          last = position;
        }
        expect(last).toBe(Math.max(...offsets) + 1);
      }),
    );
  });
});
