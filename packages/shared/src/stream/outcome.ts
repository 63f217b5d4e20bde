import type { ErrorCode } from '../errors.js';

/** A record to be written to a topic. Headers are text; a null value is a tombstone. */
export interface OutRecord {
  readonly topic: string;
  readonly key: string;
  readonly value: Uint8Array | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Why a message was dropped on purpose, closed list. */
export const DROP_REASONS = ['STALE_VERSION', 'UNCHANGED', 'SUPERSEDED'] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/**
 * The one result of one consumed message: plain data, decided by a stage, carried out by the worker loop. A message's offset can be
 * committed once its outcome is durable.
 *
 * - `emit`: records to write, in order; may be several topics. `note` is counted (for example `IMAGE_PENDING`).
 * - `drop`: nothing to do, for a reason that is not an error.
 * - `deadLetter`: the original bytes go to the dead-letter topic with code and detail in headers. `records` are written as well: what the
 *   failure leaves of the message (a listing whose image never came goes on with its text).
 * - `defer`: the stage has handed the message to a durable queue, which will bring it back.
 */
export type Outcome =
  | { readonly kind: 'emit'; readonly records: readonly OutRecord[]; readonly note?: string }
  | { readonly kind: 'drop'; readonly reason: DropReason }
  | { readonly kind: 'deadLetter'; readonly code: ErrorCode; readonly detail: string; readonly records?: readonly OutRecord[] }
  | { readonly kind: 'defer'; readonly reason: ErrorCode };

export const emit = (records: readonly OutRecord[], note?: string): Outcome => ({
  kind: 'emit',
  records,
  ...(note === undefined ? {} : { note }),
});
export const drop = (reason: DropReason): Outcome => ({ kind: 'drop', reason });
export const deadLetter = (code: ErrorCode, detail: string, records?: readonly OutRecord[]): Outcome => ({
  kind: 'deadLetter',
  code,
  detail,
  ...(records === undefined ? {} : { records }),
});
export const defer = (reason: ErrorCode): Outcome => ({ kind: 'defer', reason });
