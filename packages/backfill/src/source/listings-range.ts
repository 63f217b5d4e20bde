import { z } from 'zod';
import type { BackfillRange, Json } from '../kind.js';
import { COMPRESSIONS, type FilePart, type ListingFile } from './listing-file.js';
import { LISTING_FORMATS } from './spec.js';

const jsonSchema: z.ZodType<Json> = z.json() as z.ZodType<Json>;

const fileSchema = z.strictObject({
  object: z.strictObject({ uri: z.string(), sizeBytes: z.int(), tag: z.string() }),
  format: z.enum(LISTING_FORMATS),
  compression: z.enum(COMPRESSIONS),
});

/** Where a range of listings lies: enough to read it in another process, and to see when its file is another one by then. */
const whereSchema = z.strictObject({
  /** Absent: pictures that are listings. */
  file: fileSchema.optional(),
  part: jsonSchema,
  /** Only the first so many rows, where there is a limit. */
  take: z.int().optional(),
});

/** A part of a source, with the file that it is of. */
export interface SourcePart {
  /** Absent: pictures that are listings. */
  readonly file?: ListingFile;
  /** File or folder. */
  readonly origin: string;
  readonly part: FilePart;
  readonly take?: number;
}

export function toRange({ file, origin, part, take }: SourcePart, ordinal: number): BackfillRange {
  const { rows } = part;
  const where = { ...(file === undefined ? {} : { file: plain(file) }), part: part.where, ...(take === undefined ? {} : { take }) };
  return { ordinal, name: `${origin}, ${part.name}`, where, ...(rows === undefined ? {} : { estimatedRows: rows }) };
}

const plain = ({ object: { uri, sizeBytes, tag }, format, compression }: ListingFile) => ({
  object: { uri, sizeBytes, tag },
  format,
  compression,
});

/** The inverse of {@link toRange}. */
export function fromRange({ name, where }: BackfillRange): SourcePart {
  const { file, part, take } = whereSchema.parse(where);
  const origin = file?.object.uri ?? name.slice(0, name.lastIndexOf(', '));
  return {
    origin,
    part: { name, where: part },
    ...(file === undefined ? {} : { file }),
    ...(take === undefined ? {} : { take }),
  };
}
