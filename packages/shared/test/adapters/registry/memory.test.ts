import { createMemorySchemaRegistry } from '../../../src/adapters/registry/memory.js';
import { schemaRegistryConformance } from '../../conformance/schema-registry.js';

schemaRegistryConformance('the registry in memory', createMemorySchemaRegistry);
