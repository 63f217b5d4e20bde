import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { createMemoryBroker } from '../adapters/memory/broker.js';
import { createMemoryKeyValueStore } from '../adapters/memory/key-value.js';
import { createMemoryRetryQueue } from '../adapters/memory/retry-queue.js';
import { createCodecs } from '../events/codecs.js';
import { topicNames } from '../events/topics.js';
import { groupIdOf } from './group-id.js';
import type { ServiceContext } from './service.js';

export interface MemoryContextOptions {
  readonly log: Logger;
  readonly topicPrefix?: string;
  readonly labelsFormat?: 'avro' | 'json';
}

/** A context without any server, for tests and for `demo --engine memory`. Nothing in it is durable. */
export async function createMemoryContext({ log, topicPrefix = '', labelsFormat = 'avro' }: MemoryContextOptions): Promise<ServiceContext> {
  return {
    broker: createMemoryBroker(),
    cache: createMemoryKeyValueStore({ role: 'cache' }),
    state: createMemoryKeyValueStore({ role: 'state' }),
    retryQueue: createMemoryRetryQueue(),
    codecs: await createCodecs({ labelsFormat, topicPrefix }),
    topics: topicNames(topicPrefix),
    log,
    metrics: new Registry(),
    groupId: (stage) => groupIdOf(topicPrefix, stage),
    topicPrefix,
  };
}
