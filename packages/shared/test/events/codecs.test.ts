import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemorySchemaRegistry } from '../../src/adapters/registry/memory.js';
import { LabelstreamError } from '../../src/errors.js';
import { createCodecs } from '../../src/events/codecs.js';
import type { Codec, Codecs } from '../../src/ports/codec.js';
import { arbitraries } from './arbitraries.js';

const names = Object.keys(arbitraries) as (keyof typeof arbitraries)[];
const event = { productId: 'p-1', version: 1, op: 'UPSERT' as const, attributes: {}, images: [], occurredAt: 0 };
const decision = { task: 't', label: 'l', confidence: 0.5, abstained: false, alternatives: [], imageWeight: 0.5, textWeight: 0.5 };
const taskLabel = {
  productId: 'p',
  version: 1,
  revision: 0,
  ...decision,
  model: { encoder: 'e', fusion: 'f', generation: 1 },
  labelledAt: 5,
};
const utf8 = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** Checks that any value comes back as it was, whichever codecs wrote and read it. */
async function roundTrips(name: keyof Codecs, writer: Codecs, reader: Codecs) {
  await fc.assert(
    fc.asyncProperty(arbitraries[name] as fc.Arbitrary<unknown>, async (value) => {
      const bytes = (writer[name] as Codec<unknown>).encode(value);
      expect(await reader[name].decode(bytes)).toStrictEqual(value);
    }),
    { numRuns: 60 },
  );
}

describe('createCodecs without a registry', () => {
  it.each(names)('brings any %s back as it was', async (name) => {
    const codecs = await createCodecs();
    await roundTrips(name, codecs, codecs);
  });

  it('writes single-object encoding', async () => {
    const { productEvent } = await createCodecs();
    expect(Buffer.from(productEvent.encode(event)).toString('hex')).toBe(`c301e0e45235d5c3f0c006702d3102${'00'.repeat(7)}`);
  });

  it('decodes a view into a larger buffer, as clients hand it out', async () => {
    const { productEvent } = await createCodecs();
    const bytes = productEvent.encode(event);
    const larger = new Uint8Array(bytes.length + 20).fill(0x7f);
    larger.set(bytes, 7);
    expect(await productEvent.decode(larger.subarray(7, 7 + bytes.length))).toStrictEqual(event);
  });

  it.each([
    ['an unknown fingerprint', [0xc3, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 0]],
    ['half a header', [0xc3, 0x01, 1]],
    ["Confluent's wire format, without a registry to ask", [0, 0, 0, 0, 1, 2]],
    ['bytes of nothing known', [0x89, 0x50, 0x4e, 0x47]],
    ['no bytes', []],
  ])('refuses %s as not decodable', async (_what, bytes) => {
    const codecs = await createCodecs();
    for (const name of names) {
      await expect(codecs[name].decode(Uint8Array.from(bytes))).rejects.toMatchObject({ code: 'EVENT_NOT_DECODABLE', retriable: false });
    }
  });

  const damage = fc.oneof(
    fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(([at, flip]) => (bytes: Uint8Array) => {
      const index = at % bytes.length;
      return bytes.map((byte, each) => (each === index ? byte ^ flip : byte));
    }),
    fc.nat().map((at) => (bytes: Uint8Array) => bytes.subarray(0, at % bytes.length)),
    fc.tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 8 })).map(([at, more]) => (bytes: Uint8Array) => {
      const index = at % bytes.length;
      return Uint8Array.from([...bytes.subarray(0, index), ...more, ...bytes.subarray(index)]);
    }),
  );

  it.each(names)(
    'answers any damage to a %s with a code, never with another error, and reads only what it could have written',
    async (name) => {
      const codec = (await createCodecs())[name] as Codec<unknown>;
      await fc.assert(
        fc.asyncProperty(arbitraries[name] as fc.Arbitrary<unknown>, damage, async (value, damaged) => {
          const read = await codec.decode(damaged(codec.encode(value))).catch((thrown: unknown) => thrown);
          if (read instanceof Error) expect(read).toBeInstanceOf(LabelstreamError);
          else expect(await codec.decode(codec.encode(read))).toStrictEqual(read);
        }),
        { numRuns: 150 },
      );
    },
  );

  it('refuses one record type where another is expected', async () => {
    const codecs = await createCodecs();
    await expect(codecs.labels.decode(codecs.productEvent.encode(event))).rejects.toMatchObject({ code: 'EVENT_NOT_DECODABLE' });
  });

  it('refuses to encode what does not fit the schema', async () => {
    const { productEvent } = await createCodecs();
    for (const version of [2 ** 53, 1.5, Number.NaN]) {
      expect(() => productEvent.encode({ ...event, version })).toThrowError(expect.objectContaining({ code: 'EVENT_INVALID' }));
    }
  });
});

describe('productEvent.decode', () => {
  it('takes JSON of the same shape', async () => {
    const { productEvent } = await createCodecs();
    await fc.assert(
      fc.asyncProperty(arbitraries.productEvent, async (value) => {
        expect(await productEvent.decode(utf8(value))).toStrictEqual(value);
      }),
      { numRuns: 60 },
    );
    const withMark = new Uint8Array([0xef, 0xbb, 0xbf, ...utf8({ productId: 'p-1', version: 1, op: 'UPSERT' })]);
    expect(await productEvent.decode(withMark)).toStrictEqual(event);
  });

  it('checks what Avro decodes as it checks JSON', async () => {
    const { productEvent } = await createCodecs();
    const both = (changes: object) => [utf8({ ...event, ...changes }), productEvent.encode({ ...event, ...changes })];
    for (const bytes of both({ productId: ' ' }))
      await expect(productEvent.decode(bytes)).rejects.toMatchObject({ code: 'EVENT_NO_PRODUCT_ID' });
    for (const bytes of both({ op: 'UNKNOWN' }))
      await expect(productEvent.decode(bytes)).rejects.toMatchObject({ code: 'EVENT_UNKNOWN_OP' });
    for (const bytes of both({ version: -1 })) await expect(productEvent.decode(bytes)).rejects.toMatchObject({ code: 'EVENT_INVALID' });
    for (const bytes of both({ productId: 'a\tb' }))
      await expect(productEvent.decode(bytes)).rejects.toMatchObject({ code: 'EVENT_INVALID' });
  });

  it('refuses an Avro integer above 2^53 as invalid, by the name of its field', async () => {
    const { productEvent } = await createCodecs();
    const bytes = productEvent.encode({ ...event, productId: 'p' });
    const body = [...bytes.subarray(0, 12), 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, ...bytes.subarray(13)];
    await expect(productEvent.decode(Uint8Array.from(body))).rejects.toMatchObject({
      code: 'EVENT_INVALID',
      message: expect.stringContaining('version'),
    });
  });

  it('loses the attribute __proto__ of an Avro event, and nothing else', async () => {
    const { productEvent } = await createCodecs();
    const attributes = Object.fromEntries([
      ['__proto__', 'x'],
      ['a', 'b'],
    ]);
    expect((await productEvent.decode(productEvent.encode({ ...event, attributes }))).attributes).toStrictEqual({ a: 'b' });
  });
});

describe('records between the stages', () => {
  it('refuse an operation that only a newer writer knows', async () => {
    const { encoded } = await createCodecs();
    const [sample] = fc.sample(arbitraries.encoded, 1);
    const bytes = encoded.encode({ ...sample, op: 'UNKNOWN' } as never);
    await expect(encoded.decode(bytes)).rejects.toMatchObject({ code: 'EVENT_UNKNOWN_OP' });
  });
});

describe('createCodecs with labelsFormat json', () => {
  it('writes labels as JSON and reads both formats', async () => {
    const [json, avro] = [await createCodecs({ labelsFormat: 'json' }), await createCodecs()];
    expect(JSON.parse(Buffer.from(json.taskLabel.encode(taskLabel)).toString('utf8'))).toEqual(taskLabel);
    for (const name of ['labels', 'taskLabel'] as const) {
      await roundTrips(name, json, avro);
      await roundTrips(name, avro, json);
    }
  });

  it('does not write what JSON cannot carry', async () => {
    const { taskLabel: codec } = await createCodecs({ labelsFormat: 'json' });
    expect(() => codec.encode({ ...taskLabel, confidence: Number.NaN })).toThrowError(expect.objectContaining({ code: 'EVENT_INVALID' }));
  });

  it('leaves the records between the stages in Avro', async () => {
    const codecs = await createCodecs({ labelsFormat: 'json' });
    expect([...codecs.productEvent.encode(event).subarray(0, 2)]).toEqual([0xc3, 0x01]);
  });

  it('refuses JSON that is no label', async () => {
    const { taskLabel: codec } = await createCodecs({ labelsFormat: 'json' });
    for (const value of [null, [], {}, { ...taskLabel, confidence: 'high' }, { ...taskLabel, version: 2 ** 60 }]) {
      await expect(codec.decode(utf8(value))).rejects.toMatchObject({ code: 'EVENT_INVALID' });
    }
  });
});

describe('createCodecs with a registry', () => {
  it.each(names)('brings any %s back as it was', async (name) => {
    const codecs = await createCodecs({ registry: createMemorySchemaRegistry() });
    await roundTrips(name, codecs, codecs);
  });

  it('registers every record type under its topic, with the prefix, and writes the id', async () => {
    const subjects: string[] = [];
    const memory = createMemorySchemaRegistry();
    const registry = {
      ...memory,
      register: async (subject: string, schema: string) => {
        subjects.push(subject);
        return (await memory.register(subject, schema)) + 256;
      },
    };
    const codecs = await createCodecs({ registry, topicPrefix: 'shop-a.' });
    expect(subjects.sort()).toEqual(
      [
        'listings.encoded-value',
        'listings.predicted-value',
        'listings.prepared-value',
        'product.embeddings-value',
        'product.events-value',
        'product.labels-value',
        'product.labels.task-value',
      ].map((subject) => `shop-a.${subject}`),
    );
    expect([...codecs.productEvent.encode(event).subarray(0, 5)]).toEqual([0, 0, 0, 1, 1]);
  });

  it('reads messages written with another writer schema', async () => {
    const registry = createMemorySchemaRegistry();
    const codecs = await createCodecs({ registry });
    const theirs = {
      type: 'record',
      name: 'ProductEvent',
      namespace: 'com.shop',
      fields: [
        { name: 'op', type: { type: 'enum', name: 'Op', symbols: ['ARCHIVE', 'UPSERT'] } },
        { name: 'productId', type: 'string' },
        { name: 'version', type: 'int' },
      ],
    };
    // Enum names differ, so this schema cannot be read; with the right name it can.
    const [unreadable, readable] = [JSON.stringify(theirs), JSON.stringify(theirs).replace('"Op"', '"ProductOp"')];
    const message = async (schema: string, op: number) =>
      Uint8Array.from([0, 0, 0, 0, await registry.register('x', schema), op, 2, 0x70, 14]);
    expect(await codecs.productEvent.decode(await message(readable, 2))).toStrictEqual({ ...event, productId: 'p', version: 7 });
    await expect(codecs.productEvent.decode(await message(readable, 0))).rejects.toMatchObject({ code: 'EVENT_UNKNOWN_OP' });
    await expect(codecs.productEvent.decode(await message(unreadable, 2))).rejects.toMatchObject({ code: 'EVENT_NOT_DECODABLE' });
  });

  it('still reads single-object encoding', async () => {
    await roundTrips('labels', await createCodecs(), await createCodecs({ registry: createMemorySchemaRegistry() }));
  });

  it('refuses an id the registry does not know, without asking for impossible ones', async () => {
    const { productEvent } = await createCodecs({ registry: createMemorySchemaRegistry() });
    for (const bytes of [
      [0, 0, 0, 9, 9, 1],
      [0, 0xff, 0xff, 0xff, 0xff, 1],
      [0, 0, 0],
    ]) {
      await expect(productEvent.decode(Uint8Array.from(bytes))).rejects.toMatchObject({ code: 'EVENT_NOT_DECODABLE' });
    }
  });
});
