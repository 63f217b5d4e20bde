import { describeError, LabelstreamError } from '../errors.js';
import { openRecordType } from './record-type.js';

/** Every record type of the topics; each has one schema in contracts/avro/. */
export const RECORD_NAMES = [
  'ProductEvent',
  'PreparedListing',
  'EncodedListing',
  'PredictedListing',
  'ProductLabels',
  'TaskLabel',
  'ProductEmbedding',
] as const;
export type RecordName = (typeof RECORD_NAMES)[number];

/** The schemas of one record type, as JSON text. */
export interface RecordSchemas {
  /** What is written today, and what readers resolve to. */
  readonly current: string;
  /** Every version that was ever published, oldest first; the last one is the current one. */
  readonly history: readonly string[];
}

export type PublishedSchemas = Readonly<Record<RecordName, RecordSchemas>>;

/**
 * Whether today's schemas still read everything that was ever published; a process that could not must not start. Throws
 * SCHEMA_INCOMPATIBLE, naming the record type and the version.
 */
export function assertReadsHistory(schemas: PublishedSchemas): void {
  for (const name of RECORD_NAMES) {
    const type = openRecordType(schemas[name].current);
    schemas[name].history.forEach((schema, index) => {
      try {
        type.readerOf(schema);
      } catch (error) {
        const message = `${name} does not read its own version ${index + 1}: ${describeError(error)}`;
        throw new LabelstreamError('SCHEMA_INCOMPATIBLE', message, { cause: error });
      }
    });
  }
}
