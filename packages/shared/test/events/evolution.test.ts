import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadSchemas } from '../../src/adapters/contracts/schemas.js';
import { createMemorySchemaRegistry } from '../../src/adapters/registry/memory.js';
import { LabelstreamError } from '../../src/errors.js';
import { createCodecs } from '../../src/events/codecs.js';
import type { ProductEvent } from '../../src/events/product-event.js';
import { openRecordType } from '../../src/events/record-type.js';
import type { PublishedSchemas } from '../../src/events/schemas.js';
import type { SchemaRegistry } from '../../src/ports/schema-registry.js';
import { arbitraries } from './arbitraries.js';

interface Field {
  readonly name: string;
  readonly type: unknown;
  readonly default?: unknown;
  readonly aliases?: readonly string[];
}
type Schema = { readonly fields: readonly Field[] } & Record<string, unknown>;
type Change = (schema: Schema) => Schema;

const today = await loadSchemas();
const current: Schema = JSON.parse(today.ProductEvent.current);
const optional = (name: string, type: string): Field => ({ name, type: ['null', type], default: null });

const add =
  (...fields: Field[]): Change =>
  (schema) => ({ ...schema, fields: [...fields, ...schema.fields] });
const drop =
  (name: string): Change =>
  (schema) => ({ ...schema, fields: schema.fields.filter((field) => field.name !== name) });
const change =
  (name: string, how: Partial<Field>): Change =>
  (schema) => ({ ...schema, fields: schema.fields.map((field) => (field.name === name ? { ...field, ...how } : field)) });
const op = (symbols: string[]): Change => change('op', { type: { type: 'enum', name: 'ProductOp', symbols, default: 'UNKNOWN' } });

/** Today's schemas with the next version of the event. */
function published(how: Change): PublishedSchemas {
  const next = JSON.stringify(how(current));
  return { ...today, ProductEvent: { current: next, history: [...today.ProductEvent.history, next] } };
}

let registry: SchemaRegistry;
beforeEach(() => {
  registry = createMemorySchemaRegistry();
});

/** A message as a producer with this schema writes it. */
async function writtenWith(schema: Schema, event: unknown): Promise<Uint8Array> {
  const text = JSON.stringify(schema);
  const header = Buffer.alloc(5);
  header.writeUInt32BE(await registry.register('events', text), 1);
  return Buffer.concat([header, openRecordType(text).encode(event)]);
}

const oldIngest = async () => (await createCodecs({ registry })).productEvent;
const newIngest = async (how: Change) => (await createCodecs({ registry, schemas: published(how) })).productEvent;

/** For any event: what a new ingest reads of an old producer, and an old ingest of a new producer. */
async function expectBothWays(how: Change, { oldReads, newReads }: Record<'oldReads' | 'newReads', (event: ProductEvent) => unknown>) {
  const [old, next] = [await oldIngest(), await newIngest(how)];
  await fc.assert(
    fc.asyncProperty(arbitraries.productEvent as fc.Arbitrary<ProductEvent>, async (event) => {
      expect(await next.decode(await writtenWith(current, event))).toStrictEqual(newReads(event));
      expect(await old.decode(await writtenWith(how(current), { brand: 'b', priority: 3, ...event }))).toStrictEqual(oldReads(event));
    }),
    { numRuns: 40 },
  );
}

const same = (event: ProductEvent) => event;
const without = (name: keyof ProductEvent) => (event: ProductEvent) => {
  const { [name]: _, ...rest } = event;
  return rest;
};

describe('an event of another version', () => {
  it('with a new field: an old ingest leaves it out, a new one reads old events with its default', () =>
    expectBothWays(add(optional('brand', 'string'), { name: 'priority', type: 'int', default: 7 }), { oldReads: same, newReads: same }));

  it('without an optional field: an old ingest goes on without it, a new one passes over it', () =>
    expectBothWays(drop('locale'), { oldReads: without('locale'), newReads: without('locale') }));

  it('with the fields in another order is the same event', () =>
    expectBothWays((schema) => ({ ...schema, fields: [...schema.fields].reverse() }), { oldReads: same, newReads: same }));

  it('in a namespace of the producer is the same event', () =>
    expectBothWays((schema) => ({ ...schema, namespace: 'com.shop' }), { oldReads: same, newReads: same }));

  it('with an operation that only it knows is refused by an old ingest, and nothing else is', async () => {
    const archived = op(['UPSERT', 'DELETE', 'UNKNOWN', 'ARCHIVE']);
    await expectBothWays(archived, { oldReads: same, newReads: same });
    const event = { productId: 'p', version: 1, op: 'ARCHIVE', attributes: {}, images: [], occurredAt: 0 };
    await expect((await oldIngest()).decode(await writtenWith(archived(current), event))).rejects.toMatchObject({
      code: 'EVENT_UNKNOWN_OP',
    });
  });
});

describe('a field that is renamed', () => {
  const renamed = change('description', { name: 'longText', aliases: ['description'] });

  it('is read by its alias from the version before', () => {
    const read = openRecordType(JSON.stringify(renamed(current))).readerOf(today.ProductEvent.current);
    fc.assert(
      fc.property(arbitraries.productEvent as fc.Arbitrary<ProductEvent>, (event) => {
        const { description, ...rest } = event;
        const expected = description === undefined ? rest : { ...rest, longText: description };
        expect(read(openRecordType(today.ProductEvent.current).encode(event))).toStrictEqual(expected);
      }),
    );
  });

  it('is absent for the version before, which does not know the new name', async () => {
    const event = { productId: 'p', version: 1, op: 'UPSERT', longText: 'red', attributes: {}, images: [], occurredAt: 0 };
    const read = await (await oldIngest()).decode(await writtenWith(renamed(current), event));
    expect(read).toStrictEqual({ productId: 'p', version: 1, op: 'UPSERT', attributes: {}, images: [], occurredAt: 0 });
  });
});

describe('without a registry', () => {
  const brand = add(optional('brand', 'string'));
  const event: ProductEvent = { productId: 'p', version: 1, op: 'UPSERT', attributes: {}, images: [], occurredAt: 0 };

  it('a new ingest reads old events, and an old one refuses new Avro by its fingerprint', async () => {
    const [old, next] = [await createCodecs(), await createCodecs({ schemas: published(brand) })];
    expect(await next.productEvent.decode(old.productEvent.encode(event))).toStrictEqual(event);
    await expect(old.productEvent.decode(next.productEvent.encode(event))).rejects.toMatchObject({
      code: 'EVENT_NOT_DECODABLE',
      message: expect.stringContaining('no published schema of ProductEvent'),
    });
  });

  it('an old ingest reads new events in JSON, without what it does not know', async () => {
    const bytes = Buffer.from(JSON.stringify({ ...event, brand: 'b' }));
    expect(await (await createCodecs()).productEvent.decode(bytes)).toStrictEqual(event);
  });
});

describe('an incompatible schema is refused at start, before there is a codec to read a message with', () => {
  const refusals: [string, Change, string][] = [
    ['a new field without a default', add({ name: 'brand', type: 'string' }), 'ProductEvent does not read its own version 1'],
    ['a field of another type', change('version', { type: 'string' }), 'ProductEvent does not read its own version 1'],
    ['a renamed field without its alias', change('productId', { name: 'sku' }), 'ProductEvent does not read its own version 1'],
    [
      'a needed field that is gone',
      drop('productId'),
      `version ${today.ProductEvent.history.length} of ProductEvent does not read today's`,
    ],
    ['another record', (schema) => ({ ...schema, name: 'Invoice' }), 'ProductEvent does not read its own version 1'],
  ];

  it.each(refusals)('%s', async (_, how, message) => {
    const registered: string[] = [];
    const counting: SchemaRegistry = {
      ...registry,
      register: async (subject, schema) => {
        registered.push(subject);
        return registry.register(subject, schema);
      },
    };
    await expect(createCodecs({ registry: counting, schemas: published(how) })).rejects.toMatchObject({
      code: 'SCHEMA_INCOMPATIBLE',
      retriable: false,
      message: expect.stringContaining(message),
    });
    expect(registered).toEqual([]);
  });

  it('and so is one that the registry refuses', async () => {
    const refusing: SchemaRegistry = {
      ...registry,
      register: async (subject) => {
        throw new LabelstreamError('SCHEMA_INCOMPATIBLE', `the schema registry refuses the schema of ${subject}`);
      },
    };
    await expect(createCodecs({ registry: refusing })).rejects.toMatchObject({ code: 'SCHEMA_INCOMPATIBLE' });
  });
});
