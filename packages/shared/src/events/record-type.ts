import avsc from 'avsc';
import { describeError, LabelstreamError } from '../errors.js';
import { boundsCheck } from './avro-bounds.js';
import { fingerprint } from './fingerprint.js';
import { plain } from './plain.js';

/** One record type's schema, opened. Bodies are bare Avro binary, without any header. */
export interface RecordType {
  readonly name: string;
  readonly fingerprint: Uint8Array;
  /** Throws EVENT_INVALID for a value that does not fit the schema. */
  encode(value: unknown): Uint8Array;
  /** How bodies of a writer's schema (as JSON) are read as this type. Throws EVENT_NOT_DECODABLE when they cannot be. */
  readerOf(writerSchema: string): (body: Uint8Array) => unknown;
}

function parse(schema: string) {
  const type = avsc.Type.forSchema(JSON.parse(schema), { omitRecordMethods: true, wrapUnions: 'auto' });
  return type;
}

/** The 8-byte Rabin fingerprint of a schema given as JSON. */
export function fingerprintOf(schema: string): Uint8Array {
  return fingerprint(JSON.stringify(parse(schema).schema()));
}

const asBuffer = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Opens a schema given as JSON, both for writing and as the reader of other versions. */
export function openRecordType(schema: string): RecordType {
  const type = parse(schema);
  const name = type.name?.split('.').at(-1) ?? 'record';
  const toPlain = plain(type) ?? ((value: unknown) => value);

  function encode(value: unknown): Uint8Array {
    try {
      return type.toBuffer(value);
    } catch (error) {
      throw new LabelstreamError('EVENT_INVALID', `the value is no ${name}: ${describeError(error)}`, { cause: error });
    }
  }

  function open(writerSchema: string) {
    try {
      const writer = parse(writerSchema);
      // Names match without their namespace (Avro specification, "Schema Resolution"), so that producers may have their own.
      return { check: boundsCheck(writer), resolver: type.createResolver(writer, { ignoreNamespaces: true }) };
    } catch (error) {
      throw new LabelstreamError('EVENT_NOT_DECODABLE', `the writer's schema cannot be read as ${name}: ${describeError(error)}`, {
        cause: error,
      });
    }
  }

  function readerOf(writerSchema: string) {
    const { check, resolver } = open(writerSchema);
    return (body: Uint8Array) => {
      check(body);
      try {
        return toPlain(type.fromBuffer(asBuffer(body), resolver));
      } catch (error) {
        throw new LabelstreamError('EVENT_NOT_DECODABLE', `the body is no ${name}: ${describeError(error)}`, { cause: error });
      }
    };
  }

  return { name, fingerprint: fingerprintOf(schema), encode, readerOf };
}
