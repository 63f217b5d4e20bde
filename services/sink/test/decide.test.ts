import type { PredictedListing } from '@labelstream/shared/events/records';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Decision, decide } from '../src/decide.js';
import type { PublishedState } from '../src/published.js';
import { compareRank, rankOf } from '../src/rank.js';
import { anyPredicted, labelled, predicted } from './arbitraries.js';

const after = (record: Parameters<typeof decide>[0], base: PublishedState | null = null) => {
  const { next } = decide(record, base);
  if (next === null) throw new Error('expected a next state');
  return next;
};

describe('the version guard', () => {
  it('publishes the first labels with every task changed', () => {
    expect(decide(predicted(), null)).toMatchObject({ kind: 'publish', changedTasks: ['articleType'] });
  });

  it('drops an older version, an older model of the same version, and an older revision', () => {
    const base = after(predicted({ version: 3, generation: 2, revision: 1 }));
    for (const older of [
      { version: 2, generation: 9 },
      { version: 3, generation: 1, revision: 5 },
      { version: 3, generation: 2, revision: 0 },
    ]) {
      expect(decide(predicted({ ...older, label: 'Tshirts' }), base)).toEqual({ kind: 'drop', reason: 'STALE_VERSION', next: null });
    }
  });

  it('does not let a second pass of a revision that saw less undo the first', () => {
    const base = after(predicted());
    expect(decide(predicted({ image: { state: 'PENDING' }, label: 'Tshirts' }), base)).toMatchObject({
      kind: 'drop',
      reason: 'STALE_VERSION',
    });
  });

  it('does not let a second pass that waits for the image undo the first, which found it broken', () => {
    const base = after(predicted({ image: { state: 'FAILED' } }));
    expect(decide(predicted({ image: { state: 'PENDING' } }), base)).toMatchObject({ kind: 'drop', reason: 'STALE_VERSION' });
    expect(decide(predicted({ image: { state: 'FAILED' } }), base)).toMatchObject({ kind: 'drop', reason: 'UNCHANGED' });
  });

  it('never goes back, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(anyPredicted, { maxLength: 30 }), (records) => {
        let base: PublishedState | null = null;
        for (const record of records) {
          const { next } = decide({ ...record, productId: 'p1' }, base);
          if (next !== null && base !== null) expectNoStepBack(base, next);
          base = next ?? base;
        }
      }),
    );
  });
});

/** What one product's label topic comes to when its records arrive in this order. */
function replay(records: readonly PredictedListing[]) {
  let base: PublishedState | null = null;
  const published: Decision[] = [];
  for (const record of records) {
    const decision = decide({ ...record, productId: 'p1' }, base);
    if (decision.kind !== 'drop') published.push(decision);
    base = decision.next ?? base;
  }
  return { base, published };
}

describe('any records of a product, in any order and any number of times', () => {
  /** Records that are equal in rank are equal, as they come from one message: what the models say is a function of their input. */
  const anyRecords = fc.array(anyPredicted, { minLength: 1, maxLength: 12 }).map((records) => {
    const byRank = new Map(records.map((record) => [JSON.stringify([record.op, rankOf(record)]), record]));
    return [...byRank.values()];
  });
  const anyArrival = anyRecords.chain((records) =>
    fc.tuple(
      fc.constant(records),
      fc.array(fc.nat(records.length - 1), { maxLength: 12 }).chain((again) => {
        const all = [...records, ...again.flatMap((index) => records[index] ?? [])];
        return fc.shuffledSubarray(all, { minLength: all.length });
      }),
    ),
  );

  it('end with the newest: the same labels whatever the order', () => {
    fc.assert(
      fc.property(anyArrival, ([records, arrival]) => {
        const { base } = replay(arrival);
        const version = Math.max(...records.map((record) => record.version));
        expect(base!.rank.version).toBe(version);
        const ofVersion = records.filter((record) => record.version === version);
        expect(base!.deleted).toBe(ofVersion.some(({ op }) => op === 'DELETE'));
        if (base!.deleted) return;
        const newest = ofVersion.sort((a, b) => compareRank(rankOf(b), rankOf(a)))[0]!;
        expect(base).toMatchObject({ rank: rankOf(newest), tasks: { articleType: { label: newest.labels[0]!.label } } });
      }),
      { numRuns: 1000 },
    );
  });

  it('publish no change twice: what follows a publication differs from it in something that a consumer sees', () => {
    const seen = ({ next }: Decision) => {
      const { rank, deleted, image, text, tasks } = next!;
      return JSON.stringify(deleted ? ['deleted', rank.version] : [rank.version, image, text, tasks]);
    };
    fc.assert(
      fc.property(anyArrival, ([, arrival]) => {
        const { published } = replay(arrival);
        published.forEach((decision, at) => {
          const before = published[at - 1];
          if (before !== undefined) expect(seen(decision)).not.toBe(seen(before));
        });
      }),
      { numRuns: 1000 },
    );
  });

  it('publish nothing more when all of them come once more', () => {
    fc.assert(
      fc.property(anyArrival, ([, arrival]) => {
        const { published } = replay(arrival);
        expect(replay([...arrival, ...arrival]).published).toHaveLength(published.length);
      }),
      { numRuns: 1000 },
    );
  });
});

function expectNoStepBack(base: PublishedState, next: PublishedState) {
  expect(next.rank.version).toBeGreaterThanOrEqual(base.rank.version);
  if (base.deleted && !next.deleted) expect(next.rank.version).toBeGreaterThan(base.rank.version);
  if (!base.deleted && !next.deleted) expect(compareRank(next.rank, base.rank)).toBeGreaterThanOrEqual(0);
}

describe('change detection', () => {
  it('drops a pass that changes nothing a consumer can see, and remembers its rank', () => {
    const base = after(predicted());
    const decision = decide(predicted({ generation: 2 }), base);
    expect(decision).toMatchObject({ kind: 'drop', reason: 'UNCHANGED', next: { rank: { generation: 2 } } });
  });

  it('publishes a label that stays but moves in its own or in the public taxonomy', () => {
    const at = (path: string[], id?: string) =>
      predicted({
        generation: 2,
        labels: [
          {
            ...labelled('articleType', 'Clutches'),
            path,
            ...(id === undefined ? {} : { category: { taxonomy: 'google-product-taxonomy', id, path: ['Bags'] } }),
          },
        ],
      });
    const base = after(at(['Accessories', 'Clutches']));
    expect(decide(at(['Accessories', 'Clutches']), base)).toMatchObject({ kind: 'drop', reason: 'UNCHANGED' });
    expect(decide(at(['Accessories', 'Bags', 'Clutches']), base)).toMatchObject({ kind: 'publish', changedTasks: ['articleType'] });
    expect(decide(at(['Accessories', 'Clutches'], '6551'), base)).toMatchObject({ kind: 'publish', changedTasks: ['articleType'] });
  });

  it('publishes a title that is proposed anew, and neither another wording of it nor that there is none any more', () => {
    const suggesting = (text: string, generation: number) =>
      predicted({ generation, text: { state: 'MISSING' }, suggestedTitle: { text, tokenConfidence: 0.5, model: 'c@000000000000' } });
    const plain = after(predicted({ text: { state: 'MISSING' } }));
    const first = decide(suggesting('Red Shirt', 2), plain);
    expect(first).toMatchObject({ kind: 'publish', changedTasks: [], next: { suggested: true } });
    const base = after(suggesting('Red Shirt', 2));
    expect(decide(suggesting('Red Shirts', 3), base)).toMatchObject({ kind: 'drop', reason: 'UNCHANGED', next: { suggested: true } });
    const gone = decide(predicted({ generation: 4, text: { state: 'MISSING' } }), base);
    expect(gone).toMatchObject({ kind: 'drop', reason: 'UNCHANGED', next: { suggested: true } });
    expect(decide(suggesting('Red Shirts', 5), gone.next)).toMatchObject({ kind: 'drop', reason: 'UNCHANGED' });
  });

  it('names only the tasks that changed, also when only the abstention did', () => {
    const base = after(predicted({ labels: [labelled('gender', 'Men'), labelled('season', 'Fall'), labelled('usage', 'Casual')] }));
    const next = predicted({
      revision: 1,
      labels: [labelled('gender', 'Men'), labelled('season', 'Summer'), labelled('usage', 'Casual', true)],
    });
    expect(decide(next, base)).toMatchObject({ kind: 'publish', changedTasks: ['season', 'usage'] });
  });

  it('publishes when the late image has been used although the labels stay', () => {
    const base = after(predicted({ image: { state: 'PENDING' } }));
    expect(decide(predicted({ revision: 1 }), base)).toMatchObject({ kind: 'publish', changedTasks: [] });
  });

  it('publishes that the text no longer fits the image, or fits again, although the labels stay', () => {
    const [fits, strange] = [predicted(), predicted({ mismatched: true })];
    expect(decide(strange, after(fits))).toMatchObject({ kind: 'publish', changedTasks: [], next: { mismatched: true } });
    expect(decide(fits, after(strange))).toMatchObject({ kind: 'publish', changedTasks: [] });
    expect(decide(strange, after(strange))).toMatchObject({ kind: 'drop', reason: 'UNCHANGED' });
  });

  it('takes a state of before that was looked at for one whose text fits', () => {
    const { mismatched: _, ...old } = after(predicted());
    expect(decide(predicted(), old)).toMatchObject({ kind: 'drop', reason: 'UNCHANGED' });
    expect(decide(predicted({ mismatched: true }), old)).toMatchObject({ kind: 'publish' });
  });

  it('lets the cosine and the choice among several images move without publishing them', () => {
    const base = after(predicted({ imageTextMatch: 0.5, imageIndex: 0 }));
    expect(decide(predicted({ revision: 1, imageTextMatch: 0.4, imageIndex: 2 }), base)).toMatchObject({
      kind: 'drop',
      reason: 'UNCHANGED',
    });
  });

  it('publishes every new listing version', () => {
    expect(decide(predicted({ version: 2 }), after(predicted()))).toMatchObject({ kind: 'publish', changedTasks: [] });
  });

  it('is not misled by a task named like an inherited property', () => {
    const base = after(predicted());
    expect(decide(predicted({ revision: 1, labels: [labelled('constructor', 'x')] }), base)).toMatchObject({
      changedTasks: ['constructor'],
    });
    const withBoth = after(predicted({ labels: [labelled('articleType', 'Shirts'), labelled('constructor', 'x')] }));
    expect(decide(predicted({ revision: 1 }), withBoth)).toMatchObject({ kind: 'publish', changedTasks: [] });
  });
});

describe('deletion', () => {
  it('is a tombstone once', () => {
    const deletion = predicted({ op: 'DELETE', version: 2 });
    const base = after(deletion, after(predicted()));
    expect(decide(deletion, after(predicted()))).toMatchObject({ kind: 'tombstone', tasks: ['articleType'] });
    expect(decide(deletion, base)).toMatchObject({ kind: 'drop', reason: 'UNCHANGED' });
  });

  it('is said although nothing was published, so that a late update stays dead', () => {
    const decision = decide(predicted({ op: 'DELETE', version: 5 }), null);
    expect(decision).toMatchObject({ kind: 'tombstone', tasks: [] });
    expect(decide(predicted({ version: 4 }), decision.next)).toMatchObject({ kind: 'drop', reason: 'STALE_VERSION' });
  });

  it('is said again by a newer version, so that an update between the two stays dead', () => {
    const decision = decide(predicted({ op: 'DELETE', version: 5 }), after(predicted({ op: 'DELETE', version: 3 })));
    expect(decision).toMatchObject({ kind: 'tombstone', next: { rank: { version: 5 } } });
    expect(decide(predicted({ version: 4 }), decision.next)).toMatchObject({ kind: 'drop', reason: 'STALE_VERSION' });
  });

  it('gives way to a newer version, with every task changed', () => {
    const base = after(predicted({ op: 'DELETE', version: 2 }), after(predicted()));
    expect(decide(predicted({ version: 3 }), base)).toMatchObject({ kind: 'publish', changedTasks: ['articleType'] });
  });

  it('older than what is published is stale', () => {
    expect(decide(predicted({ op: 'DELETE', version: 1 }), after(predicted({ version: 2 })))).toMatchObject({ reason: 'STALE_VERSION' });
  });
});
