import { LabelstreamError } from '../errors.js';

/** Headers of an event that passes again. All are text of whole numbers; an event from outside has none of them. */
export const PASS_HEADERS = {
  /** Fetch attempts made for the event's image before this pass. */
  attempt: 'labelstream-attempt',
  /** Revision of this pass. */
  revision: 'labelstream-revision',
  /** Epoch milliseconds of the event's first arrival. */
  receivedAt: 'labelstream-received-at',
  /** How often the listing was sent back because its claim check had vanished. */
  requeue: 'labelstream-requeue',
  /** The requeue count for which the listing has waited before it was prepared again. */
  rested: 'labelstream-rested',
  /** How often the event, or a record made from it, was replayed from the dead letters. */
  replays: 'labelstream-replays',
} as const;

/** How often an event has passed and why; all zero for a new one. */
export interface Pass {
  readonly attempt: number;
  readonly revision: number;
  /** Epoch milliseconds; absent for a new event. */
  readonly receivedAt?: number;
  readonly requeue: number;
  /** The requeue count that the listing has waited for; absent where it has not. */
  readonly rested?: number;
  /** Absent for an event that never was a dead letter. */
  readonly replays?: number;
}

/** Reads the pass of an event. Without an attempt header the attempts equal the revision. Throws EVENT_INVALID. */
export function readPass(headers: Readonly<Record<string, string>>): Pass {
  const revision = wholeNumber(headers, PASS_HEADERS.revision) ?? 0;
  const receivedAt = wholeNumber(headers, PASS_HEADERS.receivedAt);
  const replays = wholeNumber(headers, PASS_HEADERS.replays);
  const rested = wholeNumber(headers, PASS_HEADERS.rested);
  return {
    attempt: wholeNumber(headers, PASS_HEADERS.attempt) ?? revision,
    revision,
    requeue: wholeNumber(headers, PASS_HEADERS.requeue) ?? 0,
    ...(receivedAt === undefined ? {} : { receivedAt }),
    ...(rested === undefined ? {} : { rested }),
    ...(replays === undefined ? {} : { replays }),
  };
}

/** The headers that say `pass`; the inverse of {@link readPass}. */
export function passHeaders(pass: Pass): Record<string, string> {
  const { attempt, revision, receivedAt, rested } = pass;
  return {
    [PASS_HEADERS.attempt]: String(attempt),
    [PASS_HEADERS.revision]: String(revision),
    ...(receivedAt === undefined ? {} : { [PASS_HEADERS.receivedAt]: String(receivedAt) }),
    ...(rested === undefined ? {} : { [PASS_HEADERS.rested]: String(rested) }),
    ...roundHeaders(pass),
  };
}

/** The counts that end a listing which goes round and round, and so go along with every record made from it; a new one has none. */
export function roundHeaders({ requeue, replays }: Pass): Record<string, string> {
  return {
    ...(requeue === 0 ? {} : { [PASS_HEADERS.requeue]: String(requeue) }),
    ...(replays === undefined ? {} : { [PASS_HEADERS.replays]: String(replays) }),
  };
}

function wholeNumber(headers: Readonly<Record<string, string>>, name: string): number | undefined {
  const text = headers[name];
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new LabelstreamError('EVENT_INVALID', `the header ${name} is not a whole number`);
}
