import type { Logger } from 'pino';
import type { TopicNames } from '../events/topics.js';
import type { Broker, Subscription } from '../ports/broker.js';
import type { StreamMetrics } from './metrics.js';
import type { BatchPolicy } from './micro-batch.js';
import type { Patience } from './outage.js';
import type { Stage } from './stage.js';

/** What the worker loop should wait for before it pumps again. */
export type Rest =
  | { readonly until: 'message' }
  | { readonly until: 'progress' }
  /** Messages wait already, but not for longer than this. */
  | { readonly until: 'age'; readonly ms: number };

/**
 * How messages become outcomes and outcomes become durable. There are two ways, at least once and transactionally; the worker loop feeds
 * either without knowing which.
 */
export interface Delivery {
  /** Takes what there is room for and begins work on it; never waits. */
  pump(): Rest;
  /** Lets work under way finish, and commits it. Outages are not waited for: what they hold up is given up and delivered again. */
  drain(): Promise<void>;
  /** Micro-batches under way. */
  inFlight(): number;
  close(): Promise<void>;
}

/** What both ways of delivery need. */
export interface DeliveryDeps {
  readonly stage: Stage;
  readonly broker: Broker;
  readonly subscription: Subscription;
  readonly groupId: string;
  readonly topics: TopicNames;
  readonly policy: BatchPolicy;
  readonly patience: Patience;
  readonly metrics: StreamMetrics;
  readonly log: Logger;
  readonly now: () => number;
  /** Called whenever a micro-batch has moved on: the loop wakes up, the watchdog is content. */
  readonly onProgress: () => void;
  /** Called with the error that ends this worker for good. */
  readonly onFatal: (error: unknown) => void;
}
