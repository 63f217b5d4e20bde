import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ErrorCode } from '../errors.js';
import { LANES, type Lane } from '../events/lane.js';
import type { InMessage } from '../ports/broker.js';
import { PAUSE_REASONS, type Pauses } from './back-pressure.js';
import type { Outcome } from './outcome.js';
import type { StageName, StoreRole } from './stage.js';

/** What the stream runner tells of itself, for one stage. */
export interface StreamMetrics {
  /** Counts the one outcome of a message; called when it is durable. */
  outcome(message: InMessage, outcome: Outcome, nowMs: number): void;
  /** Counts messages that were taken but given up, to be delivered again. */
  abandoned(messages: number): void;
  retry(code: ErrorCode): void;
  processed(messages: number, seconds: number): void;
  carriedOut(seconds: number): void;
  inFlight(batches: number): void;
  buffered(lane: Lane, messages: number): void;
  lag(lane: Lane, messages: number): void;
  paused(pauses: Pauses): void;
  memory(store: StoreRole, usedShare: number): void;
  /** Outcomes counted so far, for `/status`. */
  totals(): OutcomeTotals;
}

export type OutcomeTotals = Readonly<Record<Outcome['kind'], number>>;

const SECONDS_BUCKETS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];
const AGE_BUCKETS = [0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60, 600, 3600];
const SIZE_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/** Creates the metrics of a stage. Stages that share a process share a registry: the `stage` label tells them apart. */
export function createStreamMetrics(registry: Registry, stage: StageName): StreamMetrics {
  const metrics = instruments(registry);
  const totals: Record<Outcome['kind'], number> = { emit: 0, drop: 0, deadLetter: 0, defer: 0 };
  return {
    outcome(message, outcome, nowMs) {
      totals[outcome.kind] += 1;
      metrics.messages.inc({ stage, lane: message.lane, outcome: outcome.kind });
      metrics.age.observe({ stage, lane: message.lane }, Math.max(0, nowMs - message.timestampMs) / 1000);
      countReason(metrics, stage, outcome);
    },
    abandoned: (messages) => metrics.abandoned.inc({ stage }, messages),
    retry: (code) => metrics.retries.inc({ stage, code }),
    processed(messages, seconds) {
      metrics.batchSize.observe({ stage }, messages);
      metrics.processSeconds.observe({ stage }, seconds);
    },
    carriedOut: (seconds) => metrics.carryOutSeconds.observe({ stage }, seconds),
    inFlight: (batches) => metrics.inFlight.set({ stage }, batches),
    buffered: (lane, messages) => metrics.buffered.set({ stage, lane }, messages),
    lag: (lane, messages) => metrics.lag.set({ stage, lane }, messages),
    paused: (pauses) => setPaused(metrics.paused, stage, pauses),
    memory: (store, usedShare) => metrics.memory.set({ stage, store }, usedShare),
    totals: () => ({ ...totals }),
  };
}

type Instruments = ReturnType<typeof instruments>;

function countReason(metrics: Instruments, stage: StageName, outcome: Outcome): void {
  if (outcome.kind === 'emit' && outcome.note !== undefined) metrics.notes.inc({ stage, note: outcome.note });
  if (outcome.kind === 'drop') metrics.drops.inc({ stage, reason: outcome.reason });
  if (outcome.kind === 'deadLetter') metrics.deadLetters.inc({ stage, code: outcome.code });
  if (outcome.kind === 'defer') metrics.deferrals.inc({ stage, reason: outcome.reason });
}

/** A series for each reason from the beginning, so that an alert can tell 0 from nothing. */
function setPaused(gauge: Gauge, stage: StageName, pauses: Pauses): void {
  for (const lane of LANES) for (const reason of PAUSE_REASONS) gauge.set({ stage, lane, reason }, pauses[lane].includes(reason) ? 1 : 0);
}

function instruments(registry: Registry) {
  const counter = (name: string, help: string, ...labels: string[]) =>
    existing(registry, name, Counter) ?? new Counter({ name, help, labelNames: ['stage', ...labels], registers: [registry] });
  const gauge = (name: string, help: string, ...labels: string[]) =>
    existing(registry, name, Gauge) ?? new Gauge({ name, help, labelNames: ['stage', ...labels], registers: [registry] });
  const histogram = (name: string, help: string, buckets: number[], ...labels: string[]) =>
    existing(registry, name, Histogram) ?? new Histogram({ name, help, buckets, labelNames: ['stage', ...labels], registers: [registry] });
  return {
    messages: counter('labelstream_messages_total', 'Consumed messages by their one outcome.', 'lane', 'outcome'),
    notes: counter('labelstream_emit_notes_total', 'Emitted messages with a remark, by remark.', 'note'),
    drops: counter('labelstream_drops_total', 'Messages dropped on purpose, by reason.', 'reason'),
    deadLetters: counter('labelstream_dead_letters_total', 'Messages written to a dead-letter topic, by error code.', 'code'),
    deferrals: counter('labelstream_deferrals_total', 'Messages handed to the retry queue, by error code.', 'reason'),
    abandoned: counter('labelstream_abandoned_messages_total', 'Messages given up on a rebalance or stop; they are delivered again.'),
    retries: counter('labelstream_retries_total', 'Attempts that failed because something was down, by error code.', 'code'),
    batchSize: histogram('labelstream_micro_batch_messages', 'Messages in a micro-batch.', SIZE_BUCKETS),
    processSeconds: histogram('labelstream_micro_batch_process_seconds', 'Time a stage took for a micro-batch.', SECONDS_BUCKETS),
    carryOutSeconds: histogram('labelstream_micro_batch_carry_out_seconds', 'Time to make outcomes durable.', SECONDS_BUCKETS),
    inFlight: gauge('labelstream_micro_batches_in_flight', 'Micro-batches being processed or carried out.'),
    buffered: gauge('labelstream_buffered_messages', 'Fetched messages waiting for a micro-batch.', 'lane'),
    lag: gauge('labelstream_lag_messages', 'Messages of the input topic behind the committed position.', 'lane'),
    paused: gauge('labelstream_paused', '1 while nothing of a lane is taken, by reason (back-pressure).', 'lane', 'reason'),
    memory: gauge('labelstream_store_used_ratio', 'Used share of a Redis that has a limit, of those that the stage fills.', 'store'),
    age: histogram('labelstream_message_age_seconds', 'Age of a message when its outcome became durable.', AGE_BUCKETS, 'lane'),
  };
}

/** The metric of that name and type, when another stage of this process has registered it. */
function existing<T>(registry: Registry, name: string, type: abstract new (...args: never[]) => T): T | undefined {
  const metric: unknown = registry.getSingleMetric(name);
  return metric instanceof type ? metric : undefined;
}
