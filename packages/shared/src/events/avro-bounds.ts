import { isUtf8 } from 'node:buffer';
import type { Type, types } from 'avsc';
import { LabelstreamError } from '../errors.js';

/** Deeper than any schema of ours; a recursive schema of somebody else must not exhaust the stack. */
const MAX_DEPTH = 64;

interface Cursor {
  readonly bytes: Uint8Array;
  position: number;
  depth: number;
}

/** Moves a cursor over one value, or throws. */
type Walk = (cursor: Cursor) => void;

const damaged = (what: string) => new LabelstreamError('EVENT_NOT_DECODABLE', `the Avro message is damaged: ${what}`);

function advance(cursor: Cursor, sizeBytes: number): number {
  const start = cursor.position;
  if (!(sizeBytes >= 0) || sizeBytes > cursor.bytes.length - start) throw damaged('it ends too early');
  cursor.position = start + sizeBytes;
  return start;
}

/** What avsc reads and writes exactly: it computes the zigzag form, twice as large, in double precision. */
const LARGEST_LONG = Number.MAX_SAFE_INTEGER - 1;
const SMALLEST_LONG = -(2 ** 52);

/** A zigzag variable-length integer; `null` when it is out of the range that can be read exactly. */
function readLong(cursor: Cursor): number | null {
  const negative = ((cursor.bytes[cursor.position] ?? 0) & 1) === 1;
  let zigzag = 0;
  let factor = 1;
  for (let count = 0; count < 10; count += 1) {
    const byte = cursor.bytes[advance(cursor, 1)] ?? 0;
    zigzag += (byte & 0x7f) * factor;
    factor *= 128;
    if ((byte & 0x80) !== 0) continue;
    const value = negative ? -(zigzag + 1) / 2 : zigzag / 2;
    return value > LARGEST_LONG || value < SMALLEST_LONG ? null : value;
  }
  throw damaged('an integer has more than 10 bytes');
}

function readCount(cursor: Cursor): number {
  const count = readLong(cursor);
  if (count === null) throw damaged('a length is out of range');
  return count;
}

function walkInteger(field: string, bits: 32 | 64): Walk {
  return (cursor) => {
    const value = readLong(cursor);
    if (value !== null && (bits === 64 || value === (value | 0))) return;
    throw new LabelstreamError('EVENT_INVALID', `${field} is out of range (an integer beyond ${bits === 64 ? '2^53 - 2' : '32 bits'})`);
  };
}

function walkString(field: string): Walk {
  return (cursor) => {
    const start = advance(cursor, readCount(cursor));
    if (!isUtf8(cursor.bytes.subarray(start, cursor.position))) throw damaged(`${field} is not UTF-8`);
  };
}

/** Blocks of an array or map. No block may announce more items than there are bytes left: a few bytes must not ask for gigabytes. */
function walkBlocks(item: Walk): Walk {
  return (cursor) => {
    for (let count = readCount(cursor); count !== 0; count = readCount(cursor)) {
      if (count < 0) readCount(cursor);
      const items = Math.abs(count);
      if (items > cursor.bytes.length - cursor.position) throw damaged('a list announces more items than there are bytes');
      for (let index = 0; index < items; index += 1) item(cursor);
    }
  };
}

function walkChoice(what: string, branches: readonly Walk[]): Walk {
  return (cursor) => {
    const branch = branches[readCount(cursor)];
    if (branch === undefined) throw damaged(`${what} has no such branch`);
    branch(cursor);
  };
}

/** Named types may contain themselves, so a type is looked up when it is first walked. */
function nested(type: Type, field: string, known: Map<Type, Walk>): Walk {
  let walk: Walk | undefined;
  return (cursor) => {
    walk ??= compile(type, field, known);
    cursor.depth += 1;
    if (cursor.depth > MAX_DEPTH) throw damaged('it is nested too deeply');
    walk(cursor);
    cursor.depth -= 1;
  };
}

function compileComplex(type: Type, field: string, known: Map<Type, Walk>): Walk {
  const child = (inner: Type, name = field) => nested(inner, name, known);
  switch (type.typeName) {
    case 'record': {
      const walks = (type as types.RecordType).fields.map(({ name, type: inner }) =>
        child(inner, field === '' ? name : `${field}.${name}`),
      );
      return (cursor) => {
        for (const walk of walks) walk(cursor);
      };
    }
    case 'array':
      return walkBlocks(child((type as types.ArrayType).itemsType));
    case 'map': {
      const key = walkString(field);
      const value = child((type as types.MapType).valuesType as Type);
      return walkBlocks((cursor) => {
        key(cursor);
        value(cursor);
      });
    }
    case 'enum':
      return walkChoice(
        field,
        (type as types.EnumType).symbols.map(() => () => undefined),
      );
    case 'union:unwrapped':
    case 'union:wrapped':
      return walkChoice(
        field,
        (type as types.UnwrappedUnionType).types.map((branch) => child(branch)),
      );
    default:
      throw new LabelstreamError('EVENT_NOT_DECODABLE', `the writer's schema uses an unknown type, ${type.typeName}`);
  }
}

function compile(type: Type, field: string, known: Map<Type, Walk>): Walk {
  const sized = (sizeBytes: number) => (cursor: Cursor) => void advance(cursor, sizeBytes);
  switch (type.typeName) {
    case 'null':
      return () => undefined;
    case 'boolean':
      return sized(1);
    case 'float':
      return sized(4);
    case 'double':
      return sized(8);
    case 'fixed':
      return sized((type as types.FixedType).size);
    case 'bytes':
      return (cursor) => void advance(cursor, readCount(cursor));
    case 'string':
      return walkString(field);
    case 'int':
      return walkInteger(field, 32);
    case 'long':
      return walkInteger(field, 64);
    default: {
      const walk = known.get(type) ?? compileComplex(type, field, known);
      known.set(type, walk);
      return walk;
    }
  }
}

/**
 * Compiles a check that bytes are one whole value of a writer's schema, before avsc decodes them: avsc trusts lengths, so a message of a
 * few bytes could ask it for gigabytes. Throws EVENT_NOT_DECODABLE (truncated, trailing bytes, lengths beyond the end, text that is not
 * UTF-8) or EVENT_INVALID (an integer that JavaScript cannot hold exactly; names the field).
 */
export function boundsCheck(type: Type): (bytes: Uint8Array) => void {
  const walk = compile(type, '', new Map());
  return (bytes) => {
    const cursor = { bytes, position: 0, depth: 0 };
    walk(cursor);
    if (cursor.position !== bytes.length) throw damaged('bytes are left over');
  };
}
