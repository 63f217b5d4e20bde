import type { EngineKind } from '@labelstream/local/types';
import type { TopicNames } from '@labelstream/shared/events/topics';
import type { Broker } from '@labelstream/shared/ports/broker';
import type { Codecs } from '@labelstream/shared/ports/codec';
import type { RetryQueue } from '@labelstream/shared/ports/retry-queue';
import type { StageName } from '@labelstream/shared/stream/stage';

/** `memory`: all in one process, nothing durable. */
export type PipelineEngine = EngineKind | 'memory';

/** One service as it says of itself, or as dead as it is. */
export interface StageReport {
  readonly name: StageName;
  readonly pid: number;
  readonly health: 'ready' | 'unready' | 'down';
  /** Messages not yet committed, both lanes. */
  readonly lag: number;
  /** Messages by outcome since the service started: emit, drop, deadLetter, defer. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Dropped messages by reason. */
  readonly drops: Readonly<Record<string, number>>;
}

/** What is to run. */
export interface PipelineOptions {
  readonly engine: 'auto' | PipelineEngine;
  /** Put before every topic, group and state key; its own for every demo. */
  readonly topicPrefix: string;
  /** Partitions of each topic. */
  readonly partitions: number;
  /** Settings for the services on top of the addresses, as environment variables. */
  readonly settings: Readonly<Record<string, string>>;
  /** Receives a line of progress. */
  readonly log: (line: string) => void;
}

/** The four services on an engine, with everything needed to feed and read them. */
export interface Pipeline {
  readonly engine: PipelineEngine;
  readonly broker: Broker;
  readonly codecs: Codecs;
  readonly topics: TopicNames;
  readonly topicPrefix: string;
  readonly retryQueue: RetryQueue;
  reports(): Promise<StageReport[]>;
  /** Resolves never, or rejects when a service has ended by itself, naming it and its log file. */
  readonly failed: Promise<never>;
  /** Stops the services, and the engine when opening the pipeline started it. */
  stop(): Promise<void>;
}
