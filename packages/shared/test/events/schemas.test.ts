import { describe, expect, it } from 'vitest';
import { assertCompatible, type PublishedSchemas, RECORD_NAMES } from '../../src/events/schemas.js';

const schema = (...fields: object[]) => JSON.stringify({ type: 'record', name: 'R', fields });
const id = { name: 'id', type: 'string' };
const published = (current: string, ...history: string[]) =>
  Object.fromEntries(RECORD_NAMES.map((name) => [name, { current, history }])) as unknown as PublishedSchemas;

describe('assertCompatible', () => {
  it('accepts a new field with a default', () => {
    expect(() => assertCompatible(published(schema(id, { name: 'n', type: 'int', default: 0 }), schema(id)))).not.toThrow();
  });

  it('refuses to lose a field that the version before needs, and names that version', () => {
    const withoutId = schema({ name: 'n', type: 'int', default: 0 });
    const both = schema(id, { name: 'n', type: 'int', default: 0 });
    expect(() => assertCompatible(published(withoutId, both, withoutId))).toThrowError(
      expect.objectContaining({
        code: 'SCHEMA_INCOMPATIBLE',
        message: expect.stringContaining("version 1 of ProductEvent does not read today's"),
      }),
    );
  });

  it('refuses a new field without a default, and names the version it cannot read', () => {
    const broken = published(schema(id, { name: 'n', type: 'int' }), schema(id, { name: 'n', type: 'int' }), schema(id));
    expect(() => assertCompatible(broken)).toThrowError(
      expect.objectContaining({
        code: 'SCHEMA_INCOMPATIBLE',
        message: expect.stringContaining('ProductEvent does not read its own version 2'),
      }),
    );
  });
});
