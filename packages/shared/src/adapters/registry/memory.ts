import { fingerprintOf } from '../../events/record-type.js';
import type { SchemaRegistry } from '../../ports/schema-registry.js';

/** A registry in memory, for tests and for the in-memory engine: takes every schema, gives equal ones the same id. */
export function createMemorySchemaRegistry(): SchemaRegistry {
  const schemas: string[] = [];
  const idOf = new Map<string, number>();
  return {
    register: async (_subject, schema) => {
      const key = Buffer.from(fingerprintOf(schema)).toString('hex');
      const id = idOf.get(key) ?? schemas.push(schema);
      idOf.set(key, id);
      return id;
    },
    schemaOf: async (id) => schemas[id - 1] ?? null,
  };
}
