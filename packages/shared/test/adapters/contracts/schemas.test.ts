import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadSchemas } from '../../../src/adapters/contracts/schemas.js';
import { createCodecs } from '../../../src/events/codecs.js';
import { fingerprintOf } from '../../../src/events/record-type.js';
import { assertCompatible, RECORD_NAMES } from '../../../src/events/schemas.js';
import type { Codec } from '../../../src/ports/codec.js';

const folder = new URL('../../../contracts/avro/', import.meta.url);
const history = new URL('history/', folder);
const read = (name: string) => readFileSync(new URL(name, history));
const schemas = await loadSchemas();
const published = RECORD_NAMES.flatMap((record) => schemas[record].history.map((_, index) => `${record}.v${index + 1}`));

const codecs = await createCodecs();
const codecOf: Record<(typeof RECORD_NAMES)[number], Codec<unknown>> = {
  ProductEvent: codecs.productEvent,
  PreparedListing: codecs.prepared,
  EncodedListing: codecs.encoded,
  PredictedListing: codecs.predicted,
  ProductLabels: codecs.labels,
  TaskLabel: codecs.taskLabel,
  ProductEmbedding: codecs.embedding,
} as Record<(typeof RECORD_NAMES)[number], Codec<unknown>>;

interface Named {
  name?: string;
  doc?: string;
  fields?: { name: string; doc?: string; type: unknown }[];
}

/** Every named type inside a schema. */
function namedTypes(schema: unknown): Named[] {
  if (typeof schema !== 'object' || schema === null) return [];
  if (Array.isArray(schema)) return schema.flatMap(namedTypes);
  const { fields = [], ...rest } = schema as Named & { items?: unknown; values?: unknown; type?: unknown };
  const inner = [...fields.flatMap((field) => namedTypes(field.type)), ...[rest.items, rest.values, rest.type].flatMap(namedTypes)];
  return rest.name === undefined ? inner : [schema as Named, ...inner];
}

describe('the Avro contracts', () => {
  it.each(RECORD_NAMES)('%s is published as it is: a change needs a new version in history/', (record) => {
    expect(schemas[record].history.length).toBeGreaterThan(0);
    expect(schemas[record].history.at(-1)).toBe(schemas[record].current);
  });

  it.each(published)('the sample of %s still decodes', async (version) => {
    const record = version.split('.')[0] as (typeof RECORD_NAMES)[number];
    expect(await codecOf[record].decode(read(`${version}.bin`))).toMatchObject(JSON.parse(read(`${version}.json`).toString('utf8')));
  });

  it.each(published)('the sample of %s carries the fingerprint of its schema', (version) => {
    const fingerprint = Buffer.from(fingerprintOf(read(`${version}.avsc`).toString('utf8')));
    expect(read(`${version}.bin`).subarray(0, 10)).toEqual(Buffer.concat([Buffer.from([0xc3, 0x01]), fingerprint]));
  });

  // The bytes of version 1 were written by fastavro, so this compares two implementations.
  it.each(RECORD_NAMES)('today %s is written byte by byte as its newest sample', (record) => {
    const version = `${record}.v${schemas[record].history.length}`;
    const value: unknown = JSON.parse(read(`${version}.json`).toString('utf8'));
    expect(Buffer.from(codecOf[record].encode(value)).toString('hex')).toBe(read(`${version}.bin`).toString('hex'));
  });

  it('history holds whole versions only, numbered without a gap', () => {
    const expected = published.flatMap((version) => ['avsc', 'bin', 'json'].map((suffix) => `${version}.${suffix}`));
    expect(readdirSync(history).sort()).toEqual(expected.sort());
  });

  it('today’s schemas read their history', () => {
    expect(() => assertCompatible(schemas)).not.toThrow();
  });

  it.each([
    ['PreparedListing.v1', { candidates: [] }, 'imageIndex'],
    ['EncodedListing.v1', { candidates: [] }, 'imageIndex'],
    ['PredictedListing.v2', { mismatched: false }, 'imageIndex'],
    ['ProductLabels.v1', { mismatched: false }, 'imageIndex'],
  ])('%s says nothing of several images, nor that a text does not fit', async (version, defaults, absent) => {
    const record = await codecOf[version.split('.')[0] as (typeof RECORD_NAMES)[number]].decode(read(`${version}.bin`));
    expect(record).toMatchObject(defaults);
    expect(record).not.toHaveProperty(absent);
  });

  it('every field and type is documented', () => {
    const types = RECORD_NAMES.flatMap((record) => namedTypes(JSON.parse(schemas[record].current)));
    for (const type of types) {
      expect(type.doc, type.name).toMatch(/\w/);
      for (const field of type.fields ?? []) expect(field.doc, `${type.name}.${field.name}`).toMatch(/\w/);
    }
  });

  it('a named type is the same in every schema that has it', () => {
    const known = new Map<string, string>();
    const resolved = (type: Named) =>
      JSON.stringify(type, (_key, value) => (namedTypes(value)[0] === value && value !== type ? value.name : value));
    for (const record of RECORD_NAMES) {
      for (const type of namedTypes(JSON.parse(schemas[record].current))) {
        const text = resolved(type);
        expect(known.get(type.name ?? '') ?? text, `${record}: ${type.name}`).toBe(text);
        known.set(type.name ?? '', text);
      }
    }
  });
});

describe('loadSchemas', () => {
  it('says what is missing', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'labelstream-contracts-'));
    try {
      await expect(loadSchemas(pathToFileURL(`${empty}/`))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    } finally {
      rmSync(empty, { recursive: true });
    }
  });
});
