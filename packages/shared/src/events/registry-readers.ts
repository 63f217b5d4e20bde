import { LabelstreamError } from '../errors.js';
import type { SchemaRegistry } from '../ports/schema-registry.js';
import type { RecordType } from './record-type.js';

type Reader = (body: Uint8Array) => unknown;

/** An id that is unknown now may be registered later; until then, it is not asked for with every message. */
const UNKNOWN_FOR_MS = 30_000;
/** Ids come from the messages, so their number is not bounded by the registry. */
const MAX_UNKNOWN_IDS = 1_000;

/** Writer schemas of a registry, as readers of one record type. */
export interface RegistryReaders {
  /** Throws EVENT_NOT_DECODABLE for an unknown or unreadable schema, SCHEMA_REGISTRY_UNAVAILABLE when it cannot be fetched now. */
  readerOf(schemaId: number): Promise<Reader>;
}

/** Fetches each writer schema once. Failures to fetch are not remembered, unknown ids only for a while. */
export function createRegistryReaders(deps: { registry: SchemaRegistry; type: RecordType; now?: () => number }): RegistryReaders {
  const { registry, type, now = Date.now } = deps;
  const readers = new Map<number, Promise<Reader>>();
  const unknownUntilMs = new Map<number, number>();

  function rememberUnknown(schemaId: number) {
    const oldest = unknownUntilMs.keys().next();
    if (unknownUntilMs.size >= MAX_UNKNOWN_IDS && !oldest.done) unknownUntilMs.delete(oldest.value);
    unknownUntilMs.set(schemaId, now() + UNKNOWN_FOR_MS);
  }

  async function open(schemaId: number): Promise<Reader> {
    const unknown = () => new LabelstreamError('EVENT_NOT_DECODABLE', `the registry has no Avro schema with id ${schemaId}`);
    if ((unknownUntilMs.get(schemaId) ?? 0) > now()) throw unknown();
    const schema = await registry.schemaOf(schemaId);
    unknownUntilMs.delete(schemaId);
    if (schema === null) {
      rememberUnknown(schemaId);
      throw unknown();
    }
    try {
      return type.readerOf(schema);
    } catch (error) {
      rememberUnknown(schemaId);
      throw error;
    }
  }

  return {
    readerOf: (schemaId) => {
      const known = readers.get(schemaId);
      if (known !== undefined) return known;
      const opening = open(schemaId);
      readers.set(schemaId, opening);
      opening.catch(() => readers.delete(schemaId));
      return opening;
    },
  };
}
