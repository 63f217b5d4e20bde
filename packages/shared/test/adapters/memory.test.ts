import { createMemoryBroker } from '../../src/adapters/memory/broker.js';
import { brokerConformance } from '../conformance/broker.js';

brokerConformance('in-memory', async () => createMemoryBroker());
