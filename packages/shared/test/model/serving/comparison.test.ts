import { describe, expect, it } from 'vitest';
import type { LabelledTask } from '../../../src/events/records.js';
import { beginComparison, compare } from '../../../src/model/serving/comparison.js';
import { reportOf, stabilityIndex } from '../../../src/model/serving/comparison-report.js';

const label = (task: string, name: string, confidence: number, abstained = false): LabelledTask => ({
  task,
  label: name,
  confidence,
  abstained,
  alternatives: [],
  imageWeight: 0.5,
  textWeight: 0.5,
});

/** Listings that both heads see; by default they agree. */
function counted(pairs: readonly (readonly [LabelledTask, LabelledTask])[], at = 0) {
  const comparison = beginComparison('a@1', 'b@1', 1000 + at);
  pairs.forEach(([active, shadow], row) => {
    compare(comparison, { productId: `p${at}-${row}`, version: 1, active: [active], shadow: [shadow] }, () => 0.5);
  });
  return comparison;
}

describe('a shadow beside the active head', () => {
  it('reports agreement, coverage and the drift of the confidence per task', () => {
    const part = counted([
      [label('colour', 'red', 0.9), label('colour', 'red', 0.95)],
      [label('colour', 'red', 0.9), label('colour', 'blue', 0.7)],
      [label('colour', 'red', 0.4, true), label('colour', 'red', 0.6)],
      [label('colour', 'red', 0.3, true), label('colour', 'green', 0.2, true)],
    ]);
    const report = reportOf('a@1', 'b@1', [part]);
    expect(report).toMatchObject({ listings: 4, since: 1000, instances: 1, disagreements: 2, skipped: 0, failed: 0 });
    const [task] = report.tasks;
    expect(task).toMatchObject({ task: 'colour', compared: 4, agreement: 0.5, agreementWhereGiven: 0.5 });
    expect(task!.coverage).toEqual({ active: 0.5, shadow: 0.75 });
    expect(task!.meanConfidenceDifference).toBeCloseTo((0.05 - 0.2 + 0.2 - 0.1) / 4, 10);
    expect(task!.confidenceDrift).toBeGreaterThan(0);
    expect(report.examples).toEqual([
      {
        productId: 'p0-1',
        version: 1,
        task: 'colour',
        active: { label: 'red', confidence: 0.9, abstained: false },
        shadow: { label: 'blue', confidence: 0.7, abstained: false },
      },
      expect.objectContaining({ productId: 'p0-3' }),
    ]);
  });

  it('adds up what several instances counted, as if it had been one', () => {
    const pairs = Array.from({ length: 60 }, (_, at) => {
      const active = label('colour', at % 3 === 0 ? 'red' : 'blue', (at % 10) / 10, at % 4 === 0);
      return [active, label('colour', 'blue', ((at * 7) % 10) / 10, at % 5 === 0)] as const;
    });
    const whole = reportOf('a@1', 'b@1', [counted(pairs)]);
    const parts = reportOf('a@1', 'b@1', [counted(pairs.slice(0, 13)), counted(pairs.slice(13), 1)]);
    const withoutRounding = ({ tasks }: typeof whole) =>
      tasks.map((task) => ({ ...task, meanConfidenceDifference: Number(task.meanConfidenceDifference.toFixed(9)) }));
    expect(withoutRounding(parts)).toEqual(withoutRounding(whole));
    expect(parts).toMatchObject({ listings: 60, instances: 2, since: 1000 });
  });

  it('keeps a bounded choice of the disagreements, over all of them', () => {
    const comparison = beginComparison('a@1', 'b@1', 0);
    let seed = 1;
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    for (let at = 0; at < 1000; at++) {
      compare(comparison, { productId: `p${at}`, version: 1, active: [label('t', 'x', 1)], shadow: [label('t', 'y', 1)] }, random);
    }
    expect(comparison.examples).toHaveLength(20);
    expect(comparison.disagreements).toBe(1000);
    const late = comparison.examples.filter(({ productId }) => Number(productId.slice(1)) >= 500).length;
    expect(late).toBeGreaterThan(3);
    expect(late).toBeLessThan(17);
  });

  it('leaves out tasks that only one of them has, also those named like an inherited property', () => {
    const comparison = beginComparison('a@1', 'b@1', 0);
    const both = [label('constructor', 'x', 1)];
    compare(
      comparison,
      { productId: 'p', version: 1, active: [...both, label('mine', 'x', 1)], shadow: [...both, label('theirs', 'x', 1)] },
      () => 0,
    );
    expect(reportOf('a@1', 'b@1', [comparison]).tasks).toMatchObject([{ task: 'constructor', compared: 1, agreement: 1 }]);
  });

  it('can report before the first listing', () => {
    expect(reportOf('a@1', 'b@1', [])).toMatchObject({ since: null, listings: 0, tasks: [], examples: [] });
  });
});

describe('the population stability index', () => {
  it('is 0 for equal shares, grows with the shift, and is finite for empty bins', () => {
    expect(stabilityIndex([10, 20, 30], [100, 200, 300])).toBeCloseTo(0, 12);
    const small = stabilityIndex([50, 50], [45, 55]);
    const large = stabilityIndex([50, 50], [10, 90]);
    expect(small).toBeLessThan(0.1);
    expect(large).toBeGreaterThan(0.25);
    expect(stabilityIndex([100, 0], [0, 100])).toBeLessThan(100);
  });
});
