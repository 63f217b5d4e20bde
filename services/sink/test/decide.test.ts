import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../src/decide.js';
import type { PublishedState } from '../src/published.js';
import { compareRank } from '../src/rank.js';
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

  it('publishes every new listing version', () => {
    expect(decide(predicted({ version: 2 }), after(predicted()))).toMatchObject({ kind: 'publish', changedTasks: [] });
  });

  it('is not misled by a task named like an inherited property', () => {
    const base = after(predicted());
    expect(decide(predicted({ revision: 1, labels: [labelled('constructor', 'x')] }), base)).toMatchObject({
      changedTasks: ['constructor'],
    });
  });
});

describe('deletion', () => {
  it('is a tombstone once', () => {
    const deletion = predicted({ op: 'DELETE', version: 2 });
    const base = after(deletion, after(predicted()));
    expect(decide(deletion, after(predicted()))).toMatchObject({ kind: 'tombstone', tasks: ['articleType'] });
    expect(decide(deletion, base)).toMatchObject({ kind: 'drop', reason: 'UNCHANGED' });
  });

  it('is remembered although nothing was published, so that a late update stays dead', () => {
    const decision = decide(predicted({ op: 'DELETE', version: 5 }), null);
    expect(decision).toMatchObject({ kind: 'drop', reason: 'NOTHING_PUBLISHED' });
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
