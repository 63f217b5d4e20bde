import avsc from 'avsc';
import type { LabelRecord, Modality, SeenLabels, TopicRecord } from './types.js';

/** Header of a tombstone: the version that was deleted (docs/reference/topics.md). */
const VERSION_HEADER = 'labelstream-version';
const HEADER_BYTES = 10;
const EMPTY_FINGERPRINT = 0xc15d213aa4d7a795n;

/** Turns a record of the label topic into what is checked; total. */
export type DecodeLabels = (record: TopicRecord) => LabelRecord;

/**
 * The CRC-64-AVRO of a schema in canonical form, in hex, byte by byte in the order of single-object encoding. Bit by bit from the
 * specification, since it is needed a few times a run.
 */
function fingerprint(canonical: string): string {
  let crc = EMPTY_FINGERPRINT;
  for (const byte of Buffer.from(canonical, 'utf8')) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >> 1n) ^ ((crc & 1n) === 1n ? EMPTY_FINGERPRINT : 0n);
  }
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(crc);
  return bytes.toString('hex');
}

/**
 * Opens the decoder of Avro single objects.
 *
 * @param schemas every published version of ProductLabels, as JSON text
 */
export function createLabelDecoder(schemas: readonly string[]): DecodeLabels {
  const types = new Map(
    schemas.map((schema) => {
      const type = avsc.Type.forSchema(JSON.parse(schema), { omitRecordMethods: true });
      return [fingerprint(JSON.stringify(type.schema())), type] as const;
    }),
  );

  function read(value: Uint8Array): SeenLabels {
    const bytes = Buffer.from(value);
    if (bytes.length < HEADER_BYTES || bytes[0] !== 0xc3 || bytes[1] !== 0x01) throw new Error('no Avro single object');
    const type = types.get(bytes.toString('hex', 2, HEADER_BYTES));
    if (type === undefined) throw new Error('the fingerprint of no published schema');
    return seen(type.fromBuffer(bytes.subarray(HEADER_BYTES)));
  }

  return ({ partition, offset, key, value, headers }) => {
    const place = `${partition}/${offset}`;
    if (value === null) {
      const text = headers[VERSION_HEADER];
      return { kind: 'tombstone', place, key, version: text !== undefined && /^\d+$/.test(text) ? Number(text) : null };
    }
    try {
      return { kind: 'labels', place, key, labels: read(value) };
    } catch (error) {
      return { kind: 'unreadable', place, key, why: String(error) };
    }
  };
}

interface RawLabels extends Omit<SeenLabels, 'generation' | 'tasks' | 'mismatched' | 'suggested'> {
  /** Neither is in records of before version 3. */
  readonly mismatched?: boolean;
  readonly suggestedTitle?: { readonly text: string } | null;
  readonly model: { readonly generation: number };
  readonly labels: readonly { task: string; label: string; confidence: number; abstained: boolean }[];
  readonly image: Modality;
}

function seen(value: unknown): SeenLabels {
  const { productId, version, revision, image, text, mismatched = false, suggestedTitle, model, labels, changedTasks } = value as RawLabels;
  const tasks = labels.map(({ task, label, confidence, abstained }) => ({ task, label, confidence, abstained }));
  const suggested = suggestedTitle !== undefined && suggestedTitle !== null;
  return { productId, version, revision, generation: model.generation, image, text, mismatched, suggested, tasks, changedTasks };
}
