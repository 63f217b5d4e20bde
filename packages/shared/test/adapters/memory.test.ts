import { createMemoryBroker } from '../../src/adapters/memory/broker.js';
import { createMemoryKeyValueStore } from '../../src/adapters/memory/key-value.js';
import { createMemoryRetryQueue } from '../../src/adapters/memory/retry-queue.js';
import { brokerConformance } from '../conformance/broker.js';
import { keyValueConformance } from '../conformance/key-value.js';
import { retryQueueConformance } from '../conformance/retry-queue.js';

brokerConformance('in-memory', async () => createMemoryBroker());
keyValueConformance('in-memory', 'CACHE_UNAVAILABLE', async () => createMemoryKeyValueStore());
keyValueConformance('in-memory state', 'STATE_UNAVAILABLE', async () => createMemoryKeyValueStore({ role: 'state' }));
retryQueueConformance('in-memory', async () => createMemoryRetryQueue({ backoffMs: 100 }), { durable: false });
