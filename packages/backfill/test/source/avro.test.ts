import { Zstd } from '@hpcc-js/wasm-zstd';
import avsc from 'avsc';
import { describe, expect, it } from 'vitest';
import { createAvroReader } from '../../src/source/avro.js';
import { createMemoryStore } from './memory-store.js';
import { readParts, readUntilFailure, recordsOf } from './read-all.js';

const SCHEMA = {
  type: 'record',
  name: 'Row',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'title', type: ['null', 'string'] },
  ],
} as const;
const rows = Array.from({ length: 1000 }, (_, at) => ({ id: at, title: at % 10 === 0 ? null : `title ${at}` }));
const read = rows.map(({ id, title }) => ({ id: BigInt(id), title }));

type Compress = (bytes: Buffer, done: (error: Error | undefined, result: Buffer) => void) => void;

/** Snappy that compresses nothing: one literal, and room for the checksum. */
const snappy: Compress = (bytes, done) => {
  const length = bytes.length;
  const size = length < 128 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
  done(undefined, Buffer.concat([Buffer.from([...size, 61 << 2, (length - 1) & 0xff, (length - 1) >> 8]), bytes, Buffer.alloc(4)]));
};

async function writeAvro(codec = 'null', schema: unknown = SCHEMA, records: readonly unknown[] = rows): Promise<Buffer> {
  const zstd = await Zstd.load();
  const zstandard: Compress = (bytes, done) => done(undefined, Buffer.from(zstd.compress(bytes)));
  const codecs = { ...avsc.streams.BlockEncoder.defaultCodecs(), snappy, zstandard };
  const encoder = new avsc.streams.BlockEncoder(avsc.Type.forSchema(schema as avsc.Schema), { codec, codecs, blockSize: 500 } as never);
  const chunks: Buffer[] = [];
  encoder.on('data', (chunk: Buffer) => chunks.push(chunk));
  for (const record of records) encoder.write(record);
  encoder.end();
  await new Promise((done) => encoder.once('end', done));
  return Buffer.concat(chunks);
}

function open(bytes: Buffer, rangeBytes = 2000, chunkBytes = 777) {
  const store = createMemoryStore({ chunkBytes });
  const object = store.put('/data/listings.avro', bytes);
  return { store, reader: createAvroReader({ store, rangeBytes }), file: { object, format: 'avro', compression: 'none' } as const };
}

describe('Avro container files', () => {
  it.each(['null', 'deflate', 'snappy', 'zstandard'])('give all rows of all blocks, in parts (%s)', async (codec) => {
    const { reader, file, store } = open(await writeAvro(codec));
    const parts = await readParts(reader, file);
    expect(parts.length).toBeGreaterThan(1);
    expect(recordsOf(parts.flat())).toEqual(read);
    expect(parts.flat().map(({ position }) => position)).toEqual(rows.map((_, at) => at + 1));
    expect(store.openReads()).toBe(0);
  });

  it('give the same rows whatever the parts and chunks are', async () => {
    const bytes = await writeAvro();
    for (const [rangeBytes, chunkBytes] of [
      [1, 10],
      [600, 5000],
      [1_000_000, 1],
    ] as const) {
      const { reader, file } = open(bytes, rangeBytes, chunkBytes);
      expect(recordsOf((await readParts(reader, file)).flat())).toEqual(read);
    }
  });

  it('know their columns', async () => {
    const { reader, file } = open(await writeAvro());
    expect(await reader.columns(file, new AbortController().signal)).toEqual({ names: ['id', 'title'] });
  });

  it('cut short give the rows of whole blocks and say from where on nothing was read', async () => {
    const bytes = await writeAvro();
    const { reader, file, store } = open(bytes.subarray(0, 6000));
    const { entries, message } = await readUntilFailure(reader, file);
    expect(recordsOf(entries)).toEqual(read.slice(0, entries.length));
    expect(entries.length).toBeGreaterThan(100);
    expect(message).toMatch(new RegExp(`^SOURCE_INVALID: /data/listings.avro, row ${entries.length + 1}: .*from here on it was not read`));
    expect(store.openReads()).toBe(0);
  });

  it('with a damaged block go on after it', async () => {
    const bytes = await writeAvro('deflate');
    const sync = bytes.subarray(-16);
    const second = bytes.indexOf(sync, bytes.indexOf(sync, bytes.indexOf(sync) + 16) + 16);
    bytes.fill(0xff, second - 60, second);
    const { reader, file } = open(bytes, 1_000_000);
    const [entries = []] = await readParts(reader, file).catch(async () => [(await readUntilFailure(reader, file)).entries]);
    const problems = entries.filter((entry) => 'problem' in entry);
    expect(problems).toEqual([
      { position: expect.any(Number), problem: expect.stringMatching(/a damaged block .* rows \d+ to \d+ were not read/) },
    ]);
    expect(recordsOf(entries).at(-1)).toEqual(read.at(-1));
  });

  it.each([
    ['something else', () => Promise.resolve(Buffer.from('not Avro at all, as one sees')), /not a readable Avro container file/],
    ['rows that are no records', () => writeAvro('null', 'string', ['a']), /its rows are no records/],
    [
      'an unknown codec',
      async () => Buffer.from((await writeAvro('snappy')).toString('latin1').replace('snappy', 'bzipp2'), 'latin1'),
      /its codec is bzipp2/,
    ],
  ])('refuse %s', async (_, make, message) => {
    const { reader, file } = open(await make());
    await expect(reader.columns(file, new AbortController().signal)).rejects.toMatchObject({
      code: 'SOURCE_INVALID',
      message: expect.stringMatching(message),
    });
  });

  it('leave whole numbers alone that JavaScript does not hold exactly', async () => {
    const type = { type: 'record', name: 'Row', fields: [{ name: 'id', type: 'long' }] };
    const bytes = await writeAvro('null', type, [{ id: 2 ** 52 }]);
    const [exact, large] = [
      Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]),
      Buffer.from([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
    ];
    const at = bytes.lastIndexOf(exact);
    const block = Buffer.concat([Buffer.from([2, large.length * 2]), large, bytes.subarray(-16)]);
    const { reader, file } = open(Buffer.concat([bytes.subarray(0, at - 2), block]));
    expect(recordsOf((await readParts(reader, file)).flat())).toEqual([{ id: 2n ** 63n - 1n }]);
  });
});
