import { describe, expect, it } from 'vitest';
import type { SchemaRegistry } from '../../src/ports/schema-registry.js';

/** What every {@link SchemaRegistry} does; `open` gives one that may be shared with other tests. */
export function schemaRegistryConformance(name: string, open: () => SchemaRegistry): void {
  const schema = (fields: object[]) => JSON.stringify({ type: 'record', name: 'Thing', namespace: 'io.labelstream.test', fields });
  const one = schema([{ name: 'id', type: 'string', doc: 'Kept as it is.' }]);
  const two = schema([
    { name: 'id', type: 'string', doc: 'Kept as it is.' },
    { name: 'note', type: ['null', 'string'], default: null },
  ]);

  describe(`${name} as a schema registry`, () => {
    it('hands out what was registered, with its documentation and defaults', async () => {
      const registry = open();
      const id = await registry.register('conformance-a-value', two);
      expect(JSON.parse((await registry.schemaOf(id)) ?? 'null')).toEqual(JSON.parse(two));
    });

    it('gives the same schema the same id, and another one another', async () => {
      const registry = open();
      const first = await registry.register('conformance-b-value', one);
      const second = await registry.register('conformance-b-value', two);
      expect(await registry.register('conformance-b-value', one)).toBe(first);
      expect(second).not.toBe(first);
    });

    it('has nothing under an id it never gave', async () => {
      expect(await open().schemaOf(2 ** 31 - 1)).toBeNull();
    });
  });
}
