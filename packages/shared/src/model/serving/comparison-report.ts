import type { Comparison, Disagreement } from './comparison.js';

/** What two heads said of one task. Shares are of 1. */
export interface TaskReport {
  readonly task: string;
  readonly compared: number;
  /** Listings with the same most likely label. */
  readonly agreement: number;
  /** The same, among the listings that both gave a label for; null where there is none. */
  readonly agreementWhereGiven: number | null;
  /** Coverage at the target precision: listings that the head gave a label for, and did not abstain. */
  readonly coverage: { readonly active: number; readonly shadow: number };
  /** The shadow's confidence less the active head's. */
  readonly meanConfidenceDifference: number;
  /**
   * Population stability index of the confidences, over tenths: Σ (s − a) · ln(s / a) of the shares a and s of the listings in each tenth.
   * Below 0.1 is usually called stable, above 0.25 a shift.
   */
  readonly confidenceDrift: number;
}

/** A shadow beside the active head, over all instances. */
export interface ComparisonReport {
  readonly active: string;
  readonly shadow: string;
  /** Epoch milliseconds; null before the first listing. */
  readonly since: number | null;
  readonly instances: number;
  readonly listings: number;
  readonly skipped: number;
  readonly failed: number;
  readonly tasks: readonly TaskReport[];
  readonly disagreements: number;
  readonly examples: readonly Disagreement[];
}

/** So many examples are shown. */
const EXAMPLES = 20;
/** A tenth without listings counts as if it had half a one, or the logarithm would be infinite. */
const EMPTY_BIN = 0.5;

/** Adds up what the instances counted. */
export function reportOf(active: string, shadow: string, parts: readonly Comparison[]): ComparisonReport {
  const sum = (pick: (part: Comparison) => number) => parts.reduce((total, part) => total + pick(part), 0);
  const names = [...new Set(parts.flatMap(({ tasks }) => Object.keys(tasks)))];
  return {
    active,
    shadow,
    since: parts.length === 0 ? null : Math.min(...parts.map(({ since }) => since)),
    instances: parts.length,
    listings: sum(({ listings }) => listings),
    skipped: sum(({ skipped }) => skipped),
    failed: sum(({ failed }) => failed),
    tasks: names.map((name) => taskReport(name, parts)),
    disagreements: sum(({ disagreements }) => disagreements),
    examples: alternating(parts.map(({ examples }) => examples)).slice(0, EXAMPLES),
  };
}

function taskReport(task: string, parts: readonly Comparison[]): TaskReport {
  const counts = parts.flatMap(({ tasks }) => (Object.hasOwn(tasks, task) ? (tasks[task] ?? []) : []));
  const sum = (pick: (of: (typeof counts)[number]) => number) => counts.reduce((total, each) => total + pick(each), 0);
  const compared = sum((each) => each.compared);
  const share = (number: number, of: number) => (of === 0 ? 0 : number / of);
  const both = sum(({ given }) => given.both);
  const bins = (side: 'active' | 'shadow') => (counts[0]?.bins[side] ?? []).map((_, bin) => sum((each) => each.bins[side][bin] ?? 0));
  return {
    task,
    compared,
    agreement: share(
      sum((each) => each.agreed),
      compared,
    ),
    agreementWhereGiven: both === 0 ? null : sum(({ given }) => given.bothAgreed) / both,
    coverage: {
      active: share(
        sum(({ given }) => given.active),
        compared,
      ),
      shadow: share(
        sum(({ given }) => given.shadow),
        compared,
      ),
    },
    meanConfidenceDifference: share(
      sum((each) => each.difference),
      compared,
    ),
    confidenceDrift: stabilityIndex(bins('active'), bins('shadow')),
  };
}

/** Population stability index of two histograms with the same bins. */
export function stabilityIndex(before: readonly number[], after: readonly number[]): number {
  const shares = (bins: readonly number[]) => {
    const filled = bins.map((count) => (count === 0 ? EMPTY_BIN : count));
    const total = filled.reduce((sum, count) => sum + count, 0);
    return filled.map((count) => count / total);
  };
  const [a, s] = [shares(before), shares(after)];
  return a.reduce((sum, share, bin) => sum + ((s[bin] ?? share) - share) * Math.log((s[bin] ?? share) / share), 0);
}

/** One of each in turn. */
function alternating<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, at) => lists.flatMap((list) => list[at] ?? [])).flat();
}
