import type { Verdict } from './checker/check.js';
import type { LabelRecord, Sent, TopicRecord, Violation } from './checker/types.js';
import { FAULT_KINDS, type FaultKind } from './faults/kinds.js';
import type { DoneFault, Recovery } from './faults/recovery.js';

/** How many violations a report names; the folder that is kept has all. */
const NAMED = 20;

/** What a run comes to; the one line of `--json`. */
export interface ChaosReport {
  readonly seed: number;
  readonly minutes: number;
  readonly ok: boolean;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly wrong: number;
  readonly faults: number;
  readonly faultsByKind: Readonly<Partial<Record<FaultKind, number>>>;
  /** From the end of a fault until no more messages waited than usual. */
  readonly recovery: Readonly<Partial<Record<FaultKind, Recovery>>>;
  /** From the last fault, or from the end of the stream where that came later, until nothing waited; null when that never came. */
  readonly drainSeconds: number | null;
  readonly sent: { readonly events: number; readonly products: number; readonly bad: number };
  readonly seen: {
    readonly labels: number;
    readonly tombstones: number;
    readonly deadLetters: number;
    readonly generations: readonly number[];
  };
  /** Service instances that were started again. */
  readonly restarts: number;
  readonly violations: readonly Violation[];
}

export interface ReportParts {
  readonly seed: number;
  readonly minutes: number;
  readonly verdict: Verdict;
  readonly faults: readonly DoneFault[];
  readonly recovery: ChaosReport['recovery'];
  readonly drainSeconds: number | null;
  readonly sent: readonly Sent[];
  readonly labels: readonly LabelRecord[];
  readonly deadLetters: readonly TopicRecord[];
  readonly restarts: number;
}

/** Puts the report together. */
export function reportOf(parts: ReportParts): ChaosReport {
  const { seed, minutes, verdict, faults, recovery, drainSeconds, sent, labels, deadLetters, restarts } = parts;
  const { counts, violations } = verdict;
  const byKind = FAULT_KINDS.map((kind) => [kind, faults.filter((fault) => fault.kind === kind).length] as const);
  const listings = sent.filter((one) => one.kind === 'listing');
  const generations = labels.flatMap((record) => (record.kind === 'labels' ? record.labels.generation : []));
  return {
    seed,
    minutes,
    ok: violations.length === 0 && drainSeconds !== null,
    ...counts,
    faults: faults.length,
    faultsByKind: Object.fromEntries(byKind.filter(([, count]) => count > 0)),
    recovery,
    drainSeconds,
    sent: {
      events: sent.length,
      products: new Set(listings.map(({ productId }) => productId)).size,
      bad: sent.length - listings.length,
    },
    seen: {
      labels: labels.filter(({ kind }) => kind === 'labels').length,
      tombstones: labels.filter(({ kind }) => kind === 'tombstone').length,
      deadLetters: deadLetters.length,
      generations: [...new Set(generations)].sort((a, b) => a - b),
    },
    restarts,
    violations: violations.slice(0, NAMED),
  };
}

/** The report as lines for people. */
export function reportLines(report: ChaosReport): string[] {
  const { lost, duplicated, reordered, wrong, sent, seen, faultsByKind, recovery, drainSeconds } = report;
  const faults = FAULT_KINDS.flatMap((kind) => {
    const count = faultsByKind[kind];
    if (count === undefined) return [];
    const times = recovery[kind];
    const took = times === undefined ? '' : `  recovered in ${times.p50Seconds} s (p95 ${times.p95Seconds} s)`;
    return [`  ${kind.padEnd(15)} ${String(count).padStart(3)}${took}`];
  });
  return [
    `lost ${lost}, duplicated ${duplicated}, reordered ${reordered}, wrong ${wrong}`,
    `${sent.events} events of ${sent.products} products sent, ${sent.bad} of them bad; ${seen.labels} label records, ${seen.tombstones} tombstones, ${seen.deadLetters} dead letters`,
    `${report.faults} faults, ${report.restarts} service restarts:`,
    ...faults,
    drainSeconds === null ? 'the pipeline did not come to rest in time' : `nothing waited any more ${drainSeconds} s after the last fault`,
    ...report.violations.map(({ breach, productId, what }) => `  ${breach}: ${productId}: ${what}`),
    `seed ${report.seed}${report.ok ? '' : ': A PROMISE IS BROKEN'}`,
  ];
}
