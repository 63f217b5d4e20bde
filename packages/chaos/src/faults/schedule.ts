import { createRandom } from '@labelstream/samples/random';
import type { FaultKind } from './kinds.js';

/** A fault to be done. */
export interface PlannedFault {
  readonly kind: FaultKind;
  /** Since the beginning of the run. */
  readonly atMs: number;
  /** 0 <= value < 1; picks what is hit, among what can be. */
  readonly draw: number;
}

export interface ScheduleOptions {
  readonly seed: number;
  readonly durationMs: number;
  readonly kinds: readonly FaultKind[];
}

/** Listings are on their way when the first fault comes, and again some time after the last. */
const QUIET_MS = 4_000;
const SHORTEST_GAP_MS = 4_000;
const LONGEST_GAP_MS = 10_000;

/** Faults at random moments; the kinds take turns in an order that is shuffled anew in each round, so that none is left out. */
export function planFaults({ seed, durationMs, kinds }: ScheduleOptions): PlannedFault[] {
  const random = createRandom(seed, 'chaos faults');
  const faults: PlannedFault[] = [];
  let round: FaultKind[] = [];
  for (let atMs = QUIET_MS; atMs < durationMs - QUIET_MS; atMs += random.between(SHORTEST_GAP_MS, LONGEST_GAP_MS)) {
    if (round.length === 0) round = random.shuffle(kinds);
    const kind = round.shift();
    if (kind !== undefined) faults.push({ kind, atMs, draw: random.next() });
  }
  return faults;
}
