import type { LabelledTask } from '../../events/records.js';

/** Confidences are counted in bins of equal width. */
const BINS = 10;
/** So many listings that the two disagree on are kept by an instance. */
const EXAMPLES = 20;

/** What one head said of a task. */
export interface Said {
  readonly label: string;
  readonly confidence: number;
  readonly abstained: boolean;
}

/** A listing that the two heads label differently. */
export interface Disagreement {
  readonly productId: string;
  readonly version: number;
  readonly task: string;
  readonly active: Said;
  readonly shadow: Said;
}

interface TaskCounts {
  /** Listings that both heads answered. */
  compared: number;
  agreed: number;
  /** Listings that a head gave a label for, and did not abstain. */
  readonly given: { active: number; shadow: number; both: number; bothAgreed: number };
  /** Sum of the shadow's confidence less the active head's. */
  difference: number;
  /** Listings by confidence, in tenths. */
  readonly bins: { readonly active: number[]; readonly shadow: number[] };
}

/** An instance's count of what two heads said of the same listings; plain data. */
export interface Comparison {
  readonly active: string;
  readonly shadow: string;
  /** Epoch milliseconds of the first listing. */
  readonly since: number;
  listings: number;
  /** Listings that the shadow had no time for, and those that it failed on. */
  skipped: number;
  failed: number;
  disagreements: number;
  readonly tasks: Record<string, TaskCounts>;
  /** A random choice among all disagreements. */
  readonly examples: Disagreement[];
}

/** Begins to count. `active` and `shadow` are bundle ids. */
export function beginComparison(active: string, shadow: string, since: number): Comparison {
  return { active, shadow, since, listings: 0, skipped: 0, failed: 0, disagreements: 0, tasks: {}, examples: [] };
}

/** What two heads said of a listing. Tasks that only one of them has are left out. */
export interface Compared {
  readonly productId: string;
  readonly version: number;
  readonly active: readonly LabelledTask[];
  readonly shadow: readonly LabelledTask[];
}

/** Counts a listing in. `random` is in [0, 1). */
export function compare(into: Comparison, { productId, version, active, shadow }: Compared, random: () => number): void {
  into.listings += 1;
  const byTask = new Map(shadow.map((label) => [label.task, label]));
  for (const ours of active) {
    const theirs = byTask.get(ours.task);
    if (theirs === undefined) continue;
    if (!Object.hasOwn(into.tasks, ours.task)) into.tasks[ours.task] = noCounts();
    const counts = into.tasks[ours.task];
    if (counts === undefined) continue;
    count(counts, ours, theirs);
    if (ours.label !== theirs.label) {
      remember(into, { productId, version, task: ours.task, active: said(ours), shadow: said(theirs) }, random);
    }
  }
}

const noCounts = (): TaskCounts => ({
  compared: 0,
  agreed: 0,
  given: { active: 0, shadow: 0, both: 0, bothAgreed: 0 },
  difference: 0,
  bins: { active: new Array(BINS).fill(0), shadow: new Array(BINS).fill(0) },
});

const said = ({ label, confidence, abstained }: LabelledTask): Said => ({ label, confidence, abstained });
const binOf = (confidence: number) => Math.max(0, Math.min(BINS - 1, Math.floor(confidence * BINS)));

function count(counts: TaskCounts, active: LabelledTask, shadow: LabelledTask): void {
  const agreed = active.label === shadow.label;
  const both = !active.abstained && !shadow.abstained;
  counts.compared += 1;
  counts.agreed += Number(agreed);
  counts.given.active += Number(!active.abstained);
  counts.given.shadow += Number(!shadow.abstained);
  counts.given.both += Number(both);
  counts.given.bothAgreed += Number(both && agreed);
  counts.difference += shadow.confidence - active.confidence;
  for (const [bins, { confidence }] of [
    [counts.bins.active, active],
    [counts.bins.shadow, shadow],
  ] as const) {
    const bin = binOf(confidence);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
}

/** Keeps a uniform sample of all that ever came (reservoir sampling). */
function remember(into: Comparison, example: Disagreement, random: () => number): void {
  into.disagreements += 1;
  if (into.examples.length < EXAMPLES) into.examples.push(example);
  else {
    const place = Math.floor(random() * into.disagreements);
    if (place < EXAMPLES) into.examples[place] = example;
  }
}
