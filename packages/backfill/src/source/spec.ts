import { LabelstreamError } from '@labelstream/shared/errors';
import { z } from 'zod';

/** What a listing file can be. Text is also taken compressed: its name then ends in `.gz` or `.zst`. */
export const LISTING_FORMATS = ['csv', 'jsonl', 'parquet', 'avro'] as const;
export type ListingFormat = (typeof LISTING_FORMATS)[number];

/** Largest part of a text file that one job reads, unless the specification says otherwise. */
const RANGE_BYTES = 8 * 1024 * 1024;

const columnName = z.string().min(1).optional();

/** Which column of the source holds which field of a listing; a field that is not named has its own name (`id` serves as `productId`). */
const columnsSchema = z.strictObject({
  productId: columnName,
  title: columnName,
  description: columnName,
  image: columnName,
  version: columnName,
});

/** What `backfill start` was told about listings, stored with the backfill. */
export const listingsSpecSchema = z.strictObject({
  /**
   * Absolute paths, `file:` or `s3:` URIs, in the order in which they are read: a file, a folder or prefix (all in it), a pattern with `*` and
   * `?`, a manifest (`.txt`, `.json`), a folder, prefix or tar of pictures.
   */
  sources: z.array(z.string().min(1)).min(1),
  /** Of all files; by their names unless given. */
  format: z.enum(LISTING_FORMATS).optional(),
  /** Folder or tar of pictures, or a URI prefix that they have. */
  images: z.string().min(1).optional(),
  columns: columnsSchema.optional(),
  /** Only rows with this value. */
  where: z.strictObject({ column: z.string().min(1), value: z.string() }).optional(),
  /** Only the first so many rows, counted after `where`. */
  limit: z.int().min(1).optional(),
  /** Version of rows that name none: stored, so that a range that is sent again is sent with the same versions. */
  fallbackVersion: z.int().min(0),
  /** Epoch milliseconds, of every event; 0: unknown. */
  occurredAt: z.int().min(0).default(0),
  rangeBytes: z.int().min(1).default(RANGE_BYTES),
});

/** A {@link listingsSpecSchema} as it is written. */
export type ListingsSpec = z.input<typeof listingsSpecSchema>;
/** A {@link listingsSpecSchema} as it is read: with its defaults. */
export type ReadListingsSpec = z.output<typeof listingsSpecSchema>;
export type ColumnMapping = z.output<typeof columnsSchema>;

/** A replay of `product.events`: which offsets, settled when it is started, so that it ends and is always the same. */
export const replaySpecSchema = z.strictObject({
  topic: z.string().min(1),
  /** Offsets from `from` up to, but without, `to`. */
  partitions: z.array(z.strictObject({ partition: z.int().min(0), from: z.int().min(0), to: z.int().min(0) })).min(1),
  /** Only messages stamped at this time or later, epoch milliseconds. */
  sinceMs: z.int().min(0).optional(),
  /** Offsets in a range. */
  rangeOffsets: z.int().min(1).default(20_000),
});

/** A {@link replaySpecSchema} as it is written. */
export type ReplaySpec = z.input<typeof replaySpecSchema>;
export type ReadReplaySpec = z.output<typeof replaySpecSchema>;

/** Reads a stored specification. Throws SOURCE_INVALID naming the field. */
export function readSpec<T extends z.ZodType>(schema: T, spec: unknown): z.output<T> {
  const parsed = schema.safeParse(spec);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.map(String).join('.') || 'all of it'}: ${message}`);
  throw new LabelstreamError('SOURCE_INVALID', `the description of the source is wrong (${problems.join('; ')}).`, {
    cause: parsed.error,
  });
}
