import { createMemoryKeyValueStore } from '../../../src/adapters/memory/key-value.js';
import { servingStoreConformance } from '../../conformance/serving-store.js';

servingStoreConformance('in-memory', async () => createMemoryKeyValueStore({ role: 'state' }));
