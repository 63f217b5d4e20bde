import { describe, expect, it } from 'vitest';
import { LabelstreamError } from '../../src/errors.js';
import { openRecordType } from '../../src/events/record-type.js';
import { createRegistryReaders } from '../../src/events/registry-readers.js';

const schema = JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'id', type: 'string' }] });

/** A registry whose answers the test sets, and which counts how often it is asked. */
function registryOf(answers: Map<number, string | null | LabelstreamError>) {
  const asked: number[] = [];
  return {
    asked,
    register: async () => 1,
    schemaOf: async (id: number) => {
      asked.push(id);
      const answer = answers.get(id) ?? null;
      if (answer instanceof LabelstreamError) throw answer;
      return answer;
    },
  };
}

function setUp(answers: Map<number, string | null | LabelstreamError>) {
  const clock = { nowMs: 0 };
  const registry = registryOf(answers);
  const readers = createRegistryReaders({ registry, type: openRecordType(schema), now: () => clock.nowMs });
  return { clock, registry, readers };
}

describe('createRegistryReaders', () => {
  it('asks once for a schema, also when many messages wait for it', async () => {
    const { readers, registry } = setUp(new Map([[5, schema]]));
    await Promise.all([readers.readerOf(5), readers.readerOf(5)]);
    await readers.readerOf(5);
    expect(registry.asked).toEqual([5]);
  });

  it('asks again after the registry was down', async () => {
    const answers = new Map<number, string | LabelstreamError>([[5, new LabelstreamError('SCHEMA_REGISTRY_UNAVAILABLE', 'down')]]);
    const { readers } = setUp(answers);
    await expect(readers.readerOf(5)).rejects.toMatchObject({ code: 'SCHEMA_REGISTRY_UNAVAILABLE', retriable: true });
    answers.set(5, schema);
    await expect(readers.readerOf(5)).resolves.toBeTypeOf('function');
  });

  it('remembers an unknown id for a while, not for ever', async () => {
    const answers = new Map<number, string>();
    const { readers, registry, clock } = setUp(answers);
    for (let message = 0; message < 3; message += 1) {
      await expect(readers.readerOf(9)).rejects.toMatchObject({ code: 'EVENT_NOT_DECODABLE' });
    }
    expect(registry.asked).toEqual([9]);
    answers.set(9, schema);
    clock.nowMs += 60_000;
    await expect(readers.readerOf(9)).resolves.toBeTypeOf('function');
  });

  it('does not ask again and again for a schema that cannot be read', async () => {
    const { readers, registry } = setUp(new Map([[3, '"string"']]));
    for (let message = 0; message < 3; message += 1) {
      await expect(readers.readerOf(3)).rejects.toMatchObject({ code: 'EVENT_NOT_DECODABLE' });
    }
    expect(registry.asked).toEqual([3]);
  });
});
