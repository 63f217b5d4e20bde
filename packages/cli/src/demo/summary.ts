import { MODALITY_STATES, type ModalityState, type ProductLabels } from '@labelstream/shared/events/records';
import { measure, type TaskMetrics } from '../evaluate/metrics.js';
import type { PipelineEngine, StageReport } from '../pipeline/pipeline.js';
import { round } from '../round.js';
import type { Account } from './account.js';
import type { DemoPlan } from './plan.js';

/** What `demo --json` ends with. */
export interface DemoSummary {
  readonly listings: number;
  readonly events: number;
  /** Products with labels at the end. */
  readonly labelled: number;
  /** Products deleted at the end, by a tombstone. */
  readonly deleted: number;
  readonly deadLettered: number;
  /** Events dropped on purpose (stale versions and the like). */
  readonly dropped: number;
  /** Events of which nothing is known; anything but 0 is a fault. */
  readonly unaccounted: number;
  readonly deadLettersByCode: Readonly<Record<string, number>>;
  readonly dropsByReason: Readonly<Record<string, number>>;
  readonly modalities: { readonly image: Readonly<Record<ModalityState, number>>; readonly text: Readonly<Record<ModalityState, number>> };
  /** Products whose text and image do not belong together, labelled from the image alone. */
  readonly mismatched: number;
  readonly labelsPublished: number;
  /** Share of labelled products right, per task with truth; absent without `--evaluate` on a source of one's own. */
  readonly accuracy?: Readonly<Record<string, number>>;
  readonly tasks: Readonly<Record<string, TaskSummary>>;
  readonly latencyMs: { readonly p50: number | null; readonly p99: number | null };
  /** Listings over the time from the first message sent to the last outcome seen. */
  readonly listingsPerSecond: number;
  readonly durationSeconds: number;
  readonly engine: PipelineEngine;
  readonly model: ProductLabels['model'] | null;
  readonly services: readonly StageReport[];
}

/** A task over all labelled products. */
export interface TaskSummary {
  readonly abstained: number;
  /** Mean modality-wise attention weights over products that were labelled from both modalities; null when none was. */
  readonly weights: { readonly image: number; readonly text: number } | null;
  readonly metrics?: TaskMetrics;
}

export interface SummaryInput {
  readonly plan: DemoPlan;
  readonly account: Account;
  readonly services: readonly StageReport[];
  readonly engine: PipelineEngine;
  readonly durationMs: number;
  readonly evaluate: boolean;
}

export function summarise({ plan, account, services, engine, durationMs, evaluate }: SummaryInput): DemoSummary {
  const standing = [...account.standing().values()];
  const drops = services.find(({ name }) => name === 'sink')?.drops ?? {};
  const dropped = Math.min(account.unheard(), sum(Object.values(drops)));
  const latencies = account.latenciesMs();
  const tasks = summariseTasks(standing, evaluate ? plan.truth : new Map());
  const accuracy = Object.entries(tasks).flatMap(([task, { metrics }]) =>
    metrics?.accuracy == null ? [] : [[task, metrics.accuracy] as const],
  );
  return {
    listings: plan.listings,
    events: plan.messages.length,
    labelled: standing.length,
    deleted: account.deletedProducts(),
    deadLettered: account.deadLetters().length,
    dropped,
    unaccounted: account.unheard() - dropped,
    deadLettersByCode: countBy(account.deadLetters().map(({ code }) => code)),
    dropsByReason: drops,
    modalities: { image: countStates(standing.map(({ image }) => image)), text: countStates(standing.map(({ text }) => text)) },
    mismatched: standing.filter((product) => product.mismatched).length,
    labelsPublished: account.published(),
    ...(evaluate ? { accuracy: Object.fromEntries(accuracy) } : {}),
    tasks,
    latencyMs: { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) },
    listingsPerSecond: round(plan.listings / (durationMs / 1000), 1),
    durationSeconds: round(durationMs / 1000, 1),
    engine,
    model: standing.at(-1)?.model ?? null,
    services,
  };
}

function summariseTasks(standing: readonly ProductLabels[], truth: DemoPlan['truth']): Record<string, TaskSummary> {
  const names = new Set(standing.flatMap(({ labels }) => labels.map(({ task }) => task)));
  return Object.fromEntries([...names].map((task) => [task, summariseTask(task, standing, truth)]));
}

function summariseTask(task: string, standing: readonly ProductLabels[], truth: DemoPlan['truth']): TaskSummary {
  const answers = standing.flatMap((product) => {
    const label = product.labels.find((each) => each.task === task);
    return label === undefined ? [] : [{ product, label }];
  });
  const complete = answers.filter(({ product }) => product.image === 'USED' && product.text === 'USED' && !product.mismatched);
  const judged = answers.flatMap(({ product, label }) => {
    const right = truth.get(product.productId)?.[task];
    return right === undefined ? [] : [{ truth: right, ...label }];
  });
  const meanImageWeight = sum(complete.map(({ label }) => label.imageWeight)) / complete.length;
  return {
    abstained: answers.filter(({ label }) => label.abstained).length,
    weights: complete.length === 0 ? null : { image: round(meanImageWeight, 3), text: round(1 - meanImageWeight, 3) },
    ...(judged.length === 0 ? {} : { metrics: measure(judged) }),
  };
}

/** Nearest-rank percentile of ascending values; null when there are none. */
export function percentile(ascending: readonly number[], share: number): number | null {
  return ascending[Math.max(0, Math.ceil(share * ascending.length) - 1)] ?? null;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function countBy(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

function countStates(states: readonly ModalityState[]): Record<ModalityState, number> {
  const none = Object.fromEntries(MODALITY_STATES.map((state) => [state, 0])) as Record<ModalityState, number>;
  return { ...none, ...countBy(states) };
}
