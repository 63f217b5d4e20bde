import type { Lane } from '../events/lane.js';
import type { LanedTopic } from '../events/topics.js';
import type { InMessage } from '../ports/broker.js';
import type { Outcome } from './outcome.js';

/** The four stages in the direction of the data. */
export const STAGE_NAMES = ['ingest', 'encoder', 'fusion', 'sink'] as const;
export type StageName = (typeof STAGE_NAMES)[number];

/** The topic that each stage reads, in both lanes, and beside which its dead letters lie. */
export const STAGE_INPUTS: Readonly<Record<StageName, LanedTopic>> = {
  ingest: 'events',
  encoder: 'prepared',
  fusion: 'encoded',
  sink: 'predicted',
};

/** The stage that reads what this one writes; undefined for the last. */
export const nextStage = (stage: StageName): StageName | undefined => STAGE_NAMES[STAGE_NAMES.indexOf(stage) + 1];

/**
 * Messages in a micro-batch of each stage, at most, unless something else is set: few where each takes long to compute, more where most of what a
 * batch takes it takes whatever its size (docs/decisions/0024).
 */
export const STAGE_BATCH_SIZES: Readonly<Record<StageName, number>> = { ingest: 32, encoder: 32, fusion: 128, sink: 128 };

/** The two roles of Redis. */
export type StoreRole = 'cache' | 'state';

/** The stores that each stage fills: ingest plans retries beside its pixels. */
export const STAGE_STORES: Readonly<Record<StageName, readonly StoreRole[]>> = {
  ingest: ['cache', 'state'],
  encoder: ['cache'],
  fusion: [],
  sink: ['state'],
};

/** What is known of the batch's partition number when the batch begins. */
export interface BatchProgress {
  /** How far the consumer group has committed it: per lane, the next offset to be committed; 0 for a lane without a position. */
  readonly committed: Readonly<Record<Lane, number>>;
  /** Larger than that of every earlier owner of the partition number: what one of these still writes outside of Kafka can be refused by it. */
  readonly epoch: number;
}

/**
 * One step of the way: a micro-batch in, one outcome per message out, in the same order. It knows nothing of offsets, retries or dead
 * letters.
 *
 * `process` must be idempotent: it runs again after a failure or a redelivery. A thrown retriable {@link LabelstreamError} means
 * "infrastructure is down": the worker loop waits and runs the same batch again. Anything else thrown means "something in this batch is
 * bad": the loop bisects it until the message stands alone and becomes a dead letter.
 */
export interface Stage {
  readonly name: StageName;
  readonly input: LanedTopic;
  /** `transactional`: outcomes and offsets of one input partition are written in one Kafka transaction (the sink). */
  readonly delivery: 'at-least-once' | 'transactional';
  /** `progress` is given to transactional stages, whose batches are of one partition number in both lanes. */
  process(batch: readonly InMessage[], progress?: BatchProgress): Promise<readonly Outcome[]>;
}
