import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import type { Phase } from '../../../src/capacity/measure/phases.js';
import { simulatePhase } from '../../../src/capacity/measure/replay.js';

vi.setConfig({ testTimeout: 120_000 });

/** What `capacity measure` has seen once (docs/capacity.md), before there was BACKFILL_BATCH_MS. */
const POINT = JSON.parse(readFileSync(new URL('measured-point.json', import.meta.url), 'utf8')) as {
  readonly partitions: number;
  readonly window: number;
  readonly phases: readonly Phase[];
};

function replay(name: string) {
  const [rest] = POINT.phases;
  const phase = POINT.phases.find(({ load }) => load.name === name);
  if (rest === undefined || phase === undefined) throw new Error(`no phase ${name}`);
  return { seen: phase, simulated: simulatePhase(rest, phase, { ...POINT, seed: 1, backfillBatchMs: 0 }).result };
}

const ratio = (simulated: number | null, seen: number | null) => (simulated ?? Number.NaN) / (seen ?? Number.NaN);

describe('the measured point', () => {
  test('live under a saturating backfill: p50 and p99 within a quarter, the rate of the backfill within a quarter', () => {
    const { seen, simulated } = replay('both');
    for (const [a, b] of [
      [simulated.live.p50Ms, seen.live.p50Ms],
      [simulated.live.p99Ms, seen.live.p99Ms],
      [simulated.backfill.perSecond, seen.backfill.perSecond],
    ] as const) {
      expect(ratio(a, b)).toBeGreaterThan(0.75);
      expect(ratio(a, b)).toBeLessThan(1.25);
    }
  });

  test('live alone: p50 within a quarter, p99 too low', () => {
    const { seen, simulated } = replay('live');
    expect(Math.abs(ratio(simulated.live.p50Ms, seen.live.p50Ms) - 1)).toBeLessThan(0.25);
    expect(ratio(simulated.live.p99Ms, seen.live.p99Ms)).toBeLessThan(1);
  });

  test('the backfill alone: its rate within a tenth', () => {
    const { seen, simulated } = replay('backfill');
    expect(Math.abs(ratio(simulated.backfill.perSecond, seen.backfill.perSecond) - 1)).toBeLessThan(0.1);
  });
});
