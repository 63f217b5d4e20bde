import { z } from 'zod';

/** What a re-label from archived tokens is told, stored with the backfill. */
export const relabelSpecSchema = z.strictObject({
  /** `s3://bucket/prefix`, or an absolute path. */
  archive: z.string().min(1),
  /** The head that is to label: it is refused when it is not for the active encoder, or another one labels. */
  fusion: z.string().min(1).optional(),
  /** Epoch milliseconds; what was archived later is labelled by the active head already. */
  untilMs: z.int().min(0),
});

/** A {@link relabelSpecSchema}. */
export type RelabelSpec = z.infer<typeof relabelSpecSchema>;

/** Where the part of a re-label lies: an object of the archive. */
export const relabelWhereSchema = z.strictObject({ date: z.string(), id: z.string() });
