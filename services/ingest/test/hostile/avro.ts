import type { SchemaRegistry } from '@labelstream/shared/ports/schema-registry';
import type { Row } from './input.js';

/** An event in Avro whose bytes or whose writer's schema are not what they should be. Bytes are hex. */
export interface AvroInput {
  /** The writer's schema, put into the registry; without one the message is single-object encoding of today's schema. */
  readonly schema?: unknown;
  readonly body: string;
}

const NOT_DECODABLE = 'deadLetter EVENT_NOT_DECODABLE';
const INVALID = 'deadLetter EVENT_INVALID';
const PASSES = 'emit MISSING USED';

/** Fields of an event in the order of its schema, each in hex; `over` replaces some. */
function body(over: Partial<typeof FIELDS> = {}, tail = ''): AvroInput {
  return { body: Object.values({ ...FIELDS, ...over }).join('') + tail };
}
const FIELDS = {
  productId: '06702d31',
  version: '02',
  op: '00',
  title: '0206616263',
  description: '00',
  attributes: '00',
  images: '00',
  locale: '00',
  occurredAt: '00',
};

const field = (name: string, type: unknown) => ({ name, type });
const record = (fields: unknown[], name = 'ProductEvent') => ({ type: 'record', name, fields });
const op = { type: 'enum', name: 'ProductOp', symbols: ['UPSERT', 'DELETE'] };
/** A schema with what an event needs, and these fields before it. */
const needs = (...fields: unknown[]) => record([...fields, field('productId', 'string'), field('version', 'long'), field('op', op), title]);
const title = field('title', ['null', 'string']);
const NEEDED = '06702d3102000206616263';
/** An integer of 2^31 - 1, of 2^62, and one that never ends. */
const TWO_BILLION = 'feffffff0f';
const HUGE = '8080808080808080801f';
const ENDLESS = 'ff'.repeat(40);
const chain = { type: 'record', name: 'Chain', fields: [field('next', ['null', 'Chain'])] };

export const AVRO: readonly Row<AvroInput>[] = [
  ['as it should be', body(), PASSES],
  ['a text of 2 GB in a few bytes', body({ productId: TWO_BILLION }), NOT_DECODABLE],
  ['a text of more bytes than memory has addresses', body({ title: `02${HUGE}` }), NOT_DECODABLE],
  ['a text of a negative length', body({ title: '0201' }), NOT_DECODABLE],
  ['a text that is not UTF-8', body({ title: '0204fffe' }), NOT_DECODABLE],
  ['a length without end', body({ title: `02${ENDLESS}` }), NOT_DECODABLE],
  ['two billion attributes', body({ attributes: TWO_BILLION }), NOT_DECODABLE],
  ['attributes in a block of two billion bytes', body({ attributes: `01${TWO_BILLION}026102620000` }), NOT_DECODABLE],
  ['two billion images', body({ images: TWO_BILLION }), NOT_DECODABLE],
  ['a block of the most negative count', body({ images: 'ffffffffffffffffff01' }), NOT_DECODABLE],
  ['an attribute named as the prototype', body({ attributes: '02125f5f70726f746f5f5f027800' }), PASSES],
  ['the third branch of two', body({ title: '04' }), NOT_DECODABLE],
  ['a negative branch', body({ title: '01' }), NOT_DECODABLE],
  ['the hundredth operation of three', body({ op: 'c801' }), NOT_DECODABLE],
  ['a negative operation', body({ op: '01' }), NOT_DECODABLE],
  ['a version beyond 2^53', body({ version: 'feffffffffffffffff01' }), INVALID],
  ['a negative version', body({ version: '01' }), INVALID],
  ['a product id with a header in it', body({ productId: '0a700d0a583a' }), INVALID],
  ['an event within an event', body({}, body().body), NOT_DECODABLE],
  ['an event that breaks off', { body: body().body.slice(0, 20) }, NOT_DECODABLE],
  ['nothing', { body: '' }, NOT_DECODABLE],
  ['a schema of another record', { schema: record([], 'Invoice'), body: '' }, NOT_DECODABLE],
  ['a schema without what is needed', { schema: record([field('productId', 'string')]), body: '06702d31' }, NOT_DECODABLE],
  ['a product id that is a number', { schema: record([field('productId', 'long')]), body: '02' }, NOT_DECODABLE],
  [
    'a million nothings in a list',
    { schema: needs(field('x', { type: 'array', items: 'null' })), body: `80897a00${NEEDED}` },
    NOT_DECODABLE,
  ],
  [
    'two billion nothings in a map',
    { schema: needs(field('x', { type: 'map', values: 'null' })), body: `${TWO_BILLION}00${NEEDED}` },
    NOT_DECODABLE,
  ],
  ['a fixed value of 2 GB', { schema: needs(field('x', { type: 'fixed', name: 'F', size: 2 ** 31 - 1 })), body: NEEDED }, NOT_DECODABLE],
  ['a record within itself, two deep', { schema: needs(field('x', chain)), body: `020200${NEEDED}` }, PASSES],
  ['a record within itself, 100,000 deep', { schema: needs(field('x', chain)), body: `${'02'.repeat(100_000)}00${NEEDED}` }, NOT_DECODABLE],
  [
    'a record within itself without an end',
    { schema: needs(field('x', record([field('x', 'Chain')], 'Chain'))), body: NEEDED },
    NOT_DECODABLE,
  ],
  [
    'a union that ends in another type',
    { schema: record([...needs().fields.slice(0, 3), field('title', ['null', 'string', 'long'])]), body: '06702d3102000402' },
    NOT_DECODABLE,
  ],
  ['a union of unions', { schema: needs(field('x', ['null', ['string', 'long']])), body: `00${NEEDED}` }, NOT_DECODABLE],
  ['a union with one type twice', { schema: needs(field('x', ['null', 'string', 'string'])), body: `00${NEEDED}` }, NOT_DECODABLE],
  ['a union of nothing', { schema: needs(field('x', [])), body: NEEDED }, NOT_DECODABLE],
  ['a field named as the prototype', { schema: needs(field('__proto__', 'string')), body: `0278${NEEDED}` }, NOT_DECODABLE],
  ['a field named as code', { schema: needs(field('x;process.exit(1);//', 'string')), body: `0278${NEEDED}` }, NOT_DECODABLE],
  [
    'a logical type that nobody knows',
    { schema: needs(field('x', { type: 'bytes', logicalType: 'decimal', precision: -1 })), body: `00${NEEDED}` },
    PASSES,
  ],
  ['a schema that is a number', { schema: 1, body: '' }, NOT_DECODABLE],
  ['a schema of 100,000 lists', { schema: 'NESTED', body: '' }, NOT_DECODABLE],
];

/** The message of an Avro input: with its schema's id from the registry, or with the header of `today`, any message of today's schema. */
export async function encodeAvro({ schema, body: hex }: AvroInput, registry: SchemaRegistry, today: Uint8Array): Promise<Uint8Array> {
  const bytes = Buffer.from(hex, 'hex');
  if (schema === undefined) return Buffer.concat([today.subarray(0, 10), bytes]);
  const nested = `${'{"type":"array","items":'.repeat(100_000)}"int"${'}'.repeat(100_000)}`;
  const id = Buffer.alloc(4);
  id.writeUInt32BE(await registry.register('hostile', schema === 'NESTED' ? nested : JSON.stringify(schema)));
  return Buffer.concat([Buffer.from([0]), id, bytes]);
}
