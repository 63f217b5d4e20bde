import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOffsetTracker, type OffsetTracker } from '../../src/stream/offset-tracker.js';

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

  it('commits, whatever happens in whatever order, exactly up to the lowest open offset of each partition, and nothing twice', () => {
    fc.assert(
      fc.property(fc.commands(anyCommand, { maxCommands: 60 }), (commands) => {
        fc.modelRun(() => ({ model: { partitions: new Map(), next: 0 }, real: createOffsetTracker() }), commands);
      }),
      { numRuns: 500 },
    );
  });
});

interface Known {
  readonly last: number;
  readonly open: number[];
  committed: number;
}

/** What a tracker should know, in the simplest form. */
interface Model {
  readonly partitions: Map<number, Known>;
  next: number;
}

const lowest = ({ last, open }: Known) => (open.length > 0 ? Math.min(...open) : last + 1);

/** Does something to the tracker and to the model, and then compares what they say. */
function command(name: string, act: (model: Model, tracker: OffsetTracker) => void): fc.Command<Model, OffsetTracker> {
  return {
    check: () => true,
    run(model, tracker) {
      act(model, tracker);
      const due = [...model.partitions].filter(([, known]) => lowest(known) > known.committed);
      expect(tracker.committable()).toEqual(due.map(([partition, known]) => at(lowest(known), partition)));
      expect(tracker.unresolved()).toBe([...model.partitions.values()].reduce((sum, { open }) => sum + open.length, 0));
    },
    toString: () => name,
  };
}

const anyCommand = [
  fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 5 })).map(([partition, gap]) =>
    command(`take ${gap} further of ${partition}`, (model, tracker) => {
      model.next += gap;
      tracker.track(at(model.next, partition));
      const known = model.partitions.get(partition) ?? { last: 0, open: [], committed: model.next };
      model.partitions.set(partition, { ...known, last: model.next, open: [...known.open, model.next] });
    }),
  ),
  fc.tuple(fc.nat(2), fc.nat()).map(([partition, which]) =>
    command(`resolve the ${which}th open of ${partition}`, (model, tracker) => {
      const known = model.partitions.get(partition);
      const [offset] = known?.open.splice(which % Math.max(1, known.open.length), 1) ?? [];
      if (offset !== undefined) tracker.resolve(at(offset, partition));
    }),
  ),
  fc.constant(
    command('commit', (model, tracker) => {
      tracker.committed(tracker.committable());
      for (const known of model.partitions.values()) known.committed = lowest(known);
    }),
  ),
  fc.constant(command('an unknown message', (model, tracker) => tracker.resolve(at(model.next + 1000, 7)))),
  fc.constant(
    command('reset', (model, tracker) => {
      tracker.reset();
      model.partitions.clear();
    }),
  ),
];
