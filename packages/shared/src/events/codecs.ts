import { loadSchemas } from '../adapters/contracts/schemas.js';
import { LabelstreamError } from '../errors.js';
import type { Codec, Codecs } from '../ports/codec.js';
import type { SchemaRegistry } from '../ports/schema-registry.js';
import { parseJson, toJson } from './json.js';
import type { ProductEvent } from './product-event.js';
import { fingerprintOf, openRecordType, type RecordType } from './record-type.js';
import type { EncodedListing, PredictedListing, PreparedListing, ProductEmbedding, ProductLabels, TaskLabel } from './records.js';
import { createRegistryReaders } from './registry-readers.js';
import { assertCompatible, type PublishedSchemas, type RecordName, type RecordSchemas } from './schemas.js';
import { TOPICS } from './topics.js';
import { validateProductEvent } from './validate.js';

export interface CodecOptions {
  /** Confluent wire format through this registry; without it, Avro single-object encoding. */
  readonly registry?: SchemaRegistry;
  /** Put before the subjects of the registry, as before the topics. */
  readonly topicPrefix?: string;
  /** What `product.labels` and `product.labels.<task>` are written in; both formats are always read. */
  readonly labelsFormat?: 'avro' | 'json';
  /** Schemas to write and to resolve to; by default those of contracts/avro. */
  readonly schemas?: PublishedSchemas;
}

/** Subjects of the registry, after Confluent's topic-name strategy; all tasks share the schema of their topics. */
const SUBJECTS: Readonly<Record<RecordName, string>> = {
  ProductEvent: `${TOPICS.events.name}-value`,
  PreparedListing: `${TOPICS.prepared.name}-value`,
  EncodedListing: `${TOPICS.encoded.name}-value`,
  PredictedListing: `${TOPICS.predicted.name}-value`,
  ProductLabels: `${TOPICS.labels.name}-value`,
  TaskLabel: `${TOPICS.labels.name}.task-value`,
  ProductEmbedding: `${TOPICS.embeddings.name}-value`,
};

/** First bytes of Avro single-object encoding (Avro specification) and of Confluent's wire format. */
const SINGLE_OBJECT = [0xc3, 0x01] as const;
const SINGLE_OBJECT_HEADER_BYTES = 10;
const CONFLUENT = 0x00;
const CONFLUENT_HEADER_BYTES = 5;
/** Registries count in signed 32-bit integers. */
const LARGEST_SCHEMA_ID = 2 ** 31 - 1;

type Reader = (body: Uint8Array) => unknown;
type RegistryOptions = Pick<CodecOptions, 'registry' | 'topicPrefix'>;

const isSingleObject = (bytes: Uint8Array) => bytes[0] === SINGLE_OBJECT[0] && bytes[1] === SINGLE_OBJECT[1];
const isConfluent = (bytes: Uint8Array) => bytes[0] === CONFLUENT;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const notDecodable = (message: string) => new LabelstreamError('EVENT_NOT_DECODABLE', message);

function confluentHeader(schemaId: number): Uint8Array {
  const header = new Uint8Array(CONFLUENT_HEADER_BYTES);
  new DataView(header.buffer).setUint32(1, schemaId);
  return header;
}

function withHeader(header: Uint8Array, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(header.length + body.length);
  bytes.set(header);
  bytes.set(body, header.length);
  return bytes;
}

/** Reads single-object encoding of any published version. */
function singleObjectReader(type: RecordType, schemas: RecordSchemas): Reader {
  const readers = new Map(schemas.history.map((schema) => [hex(fingerprintOf(schema)), type.readerOf(schema)]));
  return (bytes) => {
    if (bytes.length < SINGLE_OBJECT_HEADER_BYTES) throw notDecodable('the message ends within its Avro header');
    const fingerprint = hex(bytes.subarray(SINGLE_OBJECT.length, SINGLE_OBJECT_HEADER_BYTES));
    const reader = readers.get(fingerprint);
    if (reader === undefined) throw notDecodable(`no published schema of ${type.name} has the fingerprint ${fingerprint}`);
    return reader(bytes.subarray(SINGLE_OBJECT_HEADER_BYTES));
  };
}

/** Reads Confluent's wire format with the writer's schema from the registry. */
function confluentReader(type: RecordType, registry: SchemaRegistry | undefined): (bytes: Uint8Array) => Promise<unknown> {
  const readers = registry === undefined ? undefined : createRegistryReaders({ registry, type });
  return async (bytes) => {
    if (readers === undefined) throw notDecodable("the message is in Confluent's wire format, and no schema registry is configured");
    if (bytes.length < CONFLUENT_HEADER_BYTES) throw notDecodable("the message ends within Confluent's header");
    const schemaId = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
    if (schemaId > LARGEST_SCHEMA_ID) throw notDecodable(`${schemaId} is no schema id`);
    const reader = await readers.readerOf(schemaId);
    return reader(bytes.subarray(CONFLUENT_HEADER_BYTES));
  };
}

/** Encoding and decoding of one record type as `unknown`; what is neither Avro encoding goes to `otherwise`. */
async function openAvro(name: RecordName, schemas: RecordSchemas, options: RegistryOptions, otherwise?: Reader): Promise<Codec<unknown>> {
  const type = openRecordType(schemas.current);
  const { registry, topicPrefix = '' } = options;
  const header =
    registry === undefined
      ? withHeader(Uint8Array.from(SINGLE_OBJECT), type.fingerprint)
      : confluentHeader(await registry.register(`${topicPrefix}${SUBJECTS[name]}`, schemas.current));
  const readSingleObject = singleObjectReader(type, schemas);
  const readConfluent = confluentReader(type, registry);
  return {
    encode: (value) => withHeader(header, type.encode(value)),
    decode: async (bytes) => {
      if (isSingleObject(bytes)) return readSingleObject(bytes);
      if (isConfluent(bytes)) return readConfluent(bytes);
      if (otherwise === undefined) throw notDecodable(`the message has no Avro header, so it is no ${name}`);
      return otherwise(bytes);
    },
  };
}

/** An operation that a newer writer knows and this reader does not decodes as UNKNOWN. */
function knownOp(value: unknown): unknown {
  if ((value as { op?: unknown }).op !== 'UNKNOWN') return value;
  throw new LabelstreamError('EVENT_UNKNOWN_OP', 'op must be UPSERT or DELETE');
}

/** Labels in JSON are checked against the Avro schema, which also fills in what is absent. */
function jsonLabelsReader(schemas: RecordSchemas): Reader {
  const type = openRecordType(schemas.current);
  const read = type.readerOf(schemas.current);
  return (bytes) => read(type.encode(parseJson(bytes)));
}

function typed<T>(codec: Codec<unknown>, check: (value: unknown) => unknown = (value) => value): Codec<T> {
  return { encode: codec.encode, decode: async (bytes) => check(await codec.decode(bytes)) as T };
}

/**
 * The codecs of all record types. With a registry, registers the schemas first: throws SCHEMA_INCOMPATIBLE when one is refused and
 * SCHEMA_REGISTRY_UNAVAILABLE (retriable) when it does not answer. Throws SCHEMA_INCOMPATIBLE, too, when today's schemas and those published
 * before do not read each other.
 */
export async function createCodecs(options: CodecOptions = {}): Promise<Codecs> {
  const schemas = options.schemas ?? (await loadSchemas());
  assertCompatible(schemas);
  const avro = (name: RecordName, otherwise?: Reader) => openAvro(name, schemas[name], options, otherwise);

  async function labelCodec<T>(name: 'ProductLabels' | 'TaskLabel'): Promise<Codec<T>> {
    const codec = typed<T>(await avro(name, jsonLabelsReader(schemas[name])));
    return options.labelsFormat === 'json' ? { ...codec, encode: toJson } : codec;
  }

  return {
    productEvent: typed<ProductEvent>(await avro('ProductEvent', parseJson), validateProductEvent),
    prepared: typed<PreparedListing>(await avro('PreparedListing'), knownOp),
    encoded: typed<EncodedListing>(await avro('EncodedListing'), knownOp),
    predicted: typed<PredictedListing>(await avro('PredictedListing'), knownOp),
    labels: await labelCodec<ProductLabels>('ProductLabels'),
    taskLabel: await labelCodec<TaskLabel>('TaskLabel'),
    embedding: typed<ProductEmbedding>(await avro('ProductEmbedding')),
  };
}
