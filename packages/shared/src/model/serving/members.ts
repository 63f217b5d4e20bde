import type { Serving } from './document.js';
import { commitChange, rejectChange, type ServingDocument } from './document.js';

/** What a fusion instance says of itself. */
export interface Member {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly saidAt: number;
  /** Number of the change by which it works; 0: none. */
  readonly applied: number;
  readonly serving: Serving;
  /** Number of the last change that it has loaded, checked and warmed up, so that it can switch to it at once. */
  readonly prepared?: number;
  /** A change that it cannot take, and why. */
  readonly problem?: { readonly change: number; readonly what: string };
}

/** A change that an instance is not through with after this long is dropped: the instance hangs. */
const PREPARE_DEADLINE_MS = 10 * 60_000;

/**
 * Decides over the next change: in force once every living instance is prepared for it, dropped as soon as one cannot take it or hangs.
 * Without instances it is in force at once. Times are epoch milliseconds; the document as it is where nothing is decided.
 */
export function settleNext(document: ServingDocument, members: readonly Member[], now: number): ServingDocument {
  const { next } = document;
  if (next === undefined) return document;
  const failed = members.flatMap(({ id, problem }) => (problem?.change === next.number ? [{ member: id, what: problem.what }] : []));
  if (failed.length > 0) return rejectChange(document, next.number, failed, now);
  const missing = members.filter(({ prepared }) => prepared !== next.number);
  if (missing.length === 0) return commitChange(document, next.number, now);
  if (now - next.askedAt < PREPARE_DEADLINE_MS) return document;
  const late = missing.map(({ id }) => ({ member: id, what: 'it has not loaded the bundle in time' }));
  return rejectChange(document, next.number, late, now);
}
