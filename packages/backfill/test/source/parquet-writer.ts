/** Writes small Parquet files for tests: required text columns, plain, not compressed (Parquet specification; Thrift compact protocol). */

const [I32, I64, BINARY, LIST, STRUCT] = [5, 6, 8, 9, 12];

interface Field {
  readonly id: number;
  readonly type: number;
  readonly bytes: Buffer;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  do {
    bytes.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    left = Math.floor(left / 128);
  } while (left > 0);
  return Buffer.from(bytes);
}

const i32 = (id: number, value: number): Field => ({ id, type: I32, bytes: varint(value * 2) });
const i64 = (id: number, value: number): Field => ({ id, type: I64, bytes: varint(value * 2) });
const binary = (value: string): Buffer => Buffer.concat([varint(Buffer.byteLength(value)), Buffer.from(value)]);
const list = (id: number, type: number, items: readonly Buffer[]): Field => ({
  id,
  type: LIST,
  bytes: Buffer.concat([
    items.length < 15 ? Buffer.from([(items.length << 4) | type]) : Buffer.concat([Buffer.from([0xf0 | type]), varint(items.length)]),
    ...items,
  ]),
});

function struct(fields: readonly Field[]): Buffer {
  let last = 0;
  const parts = fields.flatMap(({ id, type, bytes }) => {
    const head = Buffer.from([((id - last) << 4) | type]);
    last = id;
    return [head, bytes];
  });
  return Buffer.concat([...parts, Buffer.from([0])]);
}

function page(values: readonly string[]): Buffer {
  const body = Buffer.concat(
    values.map((value) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(Buffer.byteLength(value));
      return Buffer.concat([length, Buffer.from(value)]);
    }),
  );
  const dataPage: Field = { id: 5, type: STRUCT, bytes: struct([i32(1, values.length), i32(2, 0), i32(3, 3), i32(4, 3)]) };
  return Buffer.concat([struct([i32(1, 0), i32(2, body.length), i32(3, body.length), dataPage]), body]);
}

/** A file with these rows in row groups of this size. */
export function writeParquet(rows: readonly Readonly<Record<string, string>>[], rowsInGroup: number): Buffer {
  const names = Object.keys(rows[0] ?? { id: '' });
  const parts: Buffer[] = [Buffer.from('PAR1')];
  let offset = 4;
  const groups: Buffer[] = [];
  for (let at = 0; at < rows.length; at += rowsInGroup) {
    const group = rows.slice(at, at + rowsInGroup);
    let sizeBytes = 0;
    const columns = names.map((name) => {
      const bytes = page(group.map((row) => row[name] ?? ''));
      const metadata = struct([
        i32(1, 6),
        list(2, I32, [varint(0)]),
        list(3, BINARY, [binary(name)]),
        i32(4, 0),
        i64(5, group.length),
        i64(6, bytes.length),
        i64(7, bytes.length),
        i64(9, offset),
      ]);
      const column = struct([i64(2, offset), { id: 3, type: STRUCT, bytes: metadata }]);
      parts.push(bytes);
      offset += bytes.length;
      sizeBytes += bytes.length;
      return column;
    });
    groups.push(struct([list(1, STRUCT, columns), i64(2, sizeBytes), i64(3, group.length)]));
  }
  const root = struct([{ id: 4, type: BINARY, bytes: binary('root') }, i32(5, names.length)]);
  const leaves = names.map((name) => struct([i32(1, 6), i32(3, 0), { id: 4, type: BINARY, bytes: binary(name) }, i32(6, 0)]));
  const footer = struct([i32(1, 1), list(2, STRUCT, [root, ...leaves]), i64(3, rows.length), list(4, STRUCT, groups)]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  return Buffer.concat([...parts, footer, length, Buffer.from('PAR1')]);
}
