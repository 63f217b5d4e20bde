import { describe, expect, it } from 'vitest';
import { assertReadsHistory, type PublishedSchemas, RECORD_NAMES } from '../../src/events/schemas.js';

const schema = (...fields: object[]) => JSON.stringify({ type: 'record', name: 'R', fields });
const id = { name: 'id', type: 'string' };
const published = (current: string, ...history: string[]) =>
  Object.fromEntries(RECORD_NAMES.map((name) => [name, { current, history }])) as unknown as PublishedSchemas;

describe('assertReadsHistory', () => {
  it('accepts a new field with a default', () => {
    expect(() => assertReadsHistory(published(schema(id, { name: 'n', type: 'int', default: 0 }), schema(id)))).not.toThrow();
  });

  it('refuses a new field without a default, and names the version it cannot read', () => {
    const broken = published(schema(id, { name: 'n', type: 'int' }), schema(id, { name: 'n', type: 'int' }), schema(id));
    expect(() => assertReadsHistory(broken)).toThrowError(
      expect.objectContaining({
        code: 'SCHEMA_INCOMPATIBLE',
        message: expect.stringContaining('ProductEvent does not read its own version 2'),
      }),
    );
  });
});
