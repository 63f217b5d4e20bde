import type { EncodedListing } from '../events/records.js';
import { type ByteReader, type ByteWriter, createByteReader, damaged } from './bytes.js';

/** In the order of the schema's enum. */
const MODALITIES = ['image', 'text'] as const;
export type Modality = (typeof MODALITIES)[number];

/** A content: an image or a text by its hash. */
export interface ContentRef {
  readonly modality: Modality;
  /** Hex SHA-256. */
  readonly sha256: string;
}

/** A token sequence as it lies in the cache. */
export interface ArchivedSequence extends ContentRef {
  readonly value: Uint8Array;
}

/** A listing as it left the encoder. */
export interface ArchivedListing {
  readonly productId: string;
  /** `EncodedListing` in Avro single-object encoding, whatever the topics are written in. */
  readonly value: Uint8Array;
}

export type ArchiveRecord = ({ readonly kind: 'sequence' } & ArchivedSequence) | ({ readonly kind: 'listing' } & ArchivedListing);

/** What an object of the archive holds. Any Avro library reads it. */
export const ARCHIVE_SCHEMA = JSON.stringify([
  {
    type: 'record',
    name: 'ArchivedSequence',
    namespace: 'io.labelstream',
    doc: 'A token sequence: the bytes of the cache under tok:{encoderId}:img|txt:{sha256}.',
    fields: [
      { name: 'modality', type: { type: 'enum', name: 'Modality', symbols: ['IMAGE', 'TEXT'] } },
      { name: 'sha256', type: { type: 'fixed', name: 'Sha256', size: 32 }, doc: 'Hash of the content that was encoded.' },
      { name: 'value', type: 'bytes' },
    ],
  },
  {
    type: 'record',
    name: 'ArchivedListing',
    namespace: 'io.labelstream',
    doc: 'A record of listings.encoded.',
    fields: [
      { name: 'productId', type: 'string' },
      { name: 'value', type: 'bytes', doc: 'EncodedListing in Avro single-object encoding.' },
    ],
  },
]);

const SEQUENCE_BRANCH = 0;
const LISTING_BRANCH = 1;
const HASH_BYTES = 32;
const HASH = /^[0-9a-f]{64}$/;

/** Whether a text is a hex SHA-256. */
export const isHash = (text: string): boolean => HASH.test(text);

export function writeSequence(writer: ByteWriter, { modality, sha256, value }: ArchivedSequence): void {
  writer.long(SEQUENCE_BRANCH);
  writer.long(MODALITIES.indexOf(modality));
  writer.raw(Buffer.from(sha256, 'hex'));
  writer.bytes(value);
}

export function writeListing(writer: ByteWriter, { productId, value }: ArchivedListing): void {
  writer.long(LISTING_BRANCH);
  writer.text(productId);
  writer.bytes(value);
}

/** The records of a decompressed block; values are views of it. Throws ARCHIVE_DAMAGED. */
export function* recordsOf({ records, data }: { readonly records: number; readonly data: Uint8Array }): Generator<ArchiveRecord> {
  const reader = createByteReader(data);
  for (let at = 0; at < records; at++) yield readRecord(reader);
  if (reader.position() !== data.length) throw damaged('a block has more bytes than its records');
}

function readRecord(reader: ByteReader): ArchiveRecord {
  const branch = reader.long();
  if (branch === LISTING_BRANCH) return { kind: 'listing', productId: reader.text(), value: reader.bytes() };
  if (branch !== SEQUENCE_BRANCH) throw damaged('a record is neither a sequence nor a listing');
  const modality = MODALITIES[reader.long()];
  if (modality === undefined) throw damaged('a sequence is of neither modality');
  return { kind: 'sequence', modality, sha256: Buffer.from(reader.raw(HASH_BYTES)).toString('hex'), value: reader.bytes() };
}

/** The contents whose token sequences a listing needs, the text and every image that may be chosen. */
export function contentsOf({ op, image, candidates, text }: Pick<EncodedListing, 'op' | 'image' | 'candidates' | 'text'>): ContentRef[] {
  if (op === 'DELETE') return [];
  const images = image.state === 'USED' && image.sha256 !== undefined ? [image.sha256, ...candidates.map(({ sha256 }) => sha256)] : [];
  return [
    ...images.map((sha256): ContentRef => ({ modality: 'image', sha256 })),
    ...(text.state === 'USED' && text.sha256 !== undefined ? [{ modality: 'text' as const, sha256: text.sha256 }] : []),
  ];
}
