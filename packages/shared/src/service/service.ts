import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { TopicNames } from '../events/topics.js';
import type { Broker } from '../ports/broker.js';
import type { Codecs } from '../ports/codec.js';
import type { KeyValueStore } from '../ports/key-value.js';
import type { RetryQueue } from '../ports/retry-queue.js';
import type { Stage, StageName } from '../stream/stage.js';

/** Everything a stage may use of the outside; opened by the process, real or in memory. */
export interface ServiceContext {
  readonly broker: Broker;
  /** Claim checks; may lose entries. */
  readonly cache: KeyValueStore;
  /** Last published state. */
  readonly state: KeyValueStore;
  readonly retryQueue: RetryQueue;
  readonly topics: TopicNames;
  readonly codecs: Codecs;
  readonly log: Logger;
  /** Prometheus metrics of this process. */
  readonly metrics: Registry;
  /** Consumer group of a stage: `<prefix>labelstream-<stage>`. */
  groupId(stage: StageName): string;
  readonly topicPrefix: string;
}

/** A stage ready to be run by the worker loop. */
export interface RunningStage {
  readonly stage: Stage;
  /** Resolves never, or rejects when something the stage depends on has ended for good: the process then stops. */
  readonly failed?: Promise<never>;
  /** Ends what the stage opened beyond the context (inference worker, retry consumer). */
  close(): Promise<void>;
}

/** One of the four services, as `services/<name>/src/index.ts` exports it. */
export interface Service {
  readonly name: StageName;
  /** Reads its own settings from `env` (never from the process), loads what it needs, checks it, and is then ready to join its group. */
  create(context: ServiceContext, env: Readonly<Record<string, string | undefined>>): Promise<RunningStage>;
}
