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
 * Whether today's schemas read everything that was ever published, and are read by the version before them, with which they meet while one
 * process after the other is brought up to date. A process for which that does not hold must not start. Throws SCHEMA_INCOMPATIBLE, naming
 * the record type and the version.
 */
export function assertCompatible(schemas: PublishedSchemas): void {
  for (const name of RECORD_NAMES) {
    const { current, history } = schemas[name];
    for (const [index, schema] of history.entries()) {
      assertReads({ reader: current, writer: schema }, `${name} does not read its own version ${index + 1}`);
    }
    const before = history.at(-2);
    if (before !== undefined)
      assertReads({ reader: before, writer: current }, `version ${history.length - 1} of ${name} does not read today's`);
  }
}

function assertReads({ reader, writer }: { readonly reader: string; readonly writer: string }, problem: string): void {
  try {
    openRecordType(reader).readerOf(writer);
  } catch (error) {
    throw new LabelstreamError('SCHEMA_INCOMPATIBLE', `${problem}: ${describeError(error)}`, { cause: error });
  }
}
