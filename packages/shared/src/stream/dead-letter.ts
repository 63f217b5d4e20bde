import type { ErrorCode } from '../errors.js';
import { PASS_HEADERS } from '../events/headers.js';
import type { InMessage } from '../ports/broker.js';
import type { OutRecord } from './outcome.js';
import type { StageName } from './stage.js';

/** Headers of a dead letter, beside the message's own. `topic`, `partition` and `offset` tell where the original lies. */
export const DEAD_LETTER_HEADERS = {
  code: 'labelstream-error-code',
  detail: 'labelstream-error-detail',
  stage: 'labelstream-error-stage',
  topic: 'labelstream-error-topic',
  partition: 'labelstream-error-partition',
  offset: 'labelstream-error-offset',
  lane: 'labelstream-error-lane',
  timestamp: 'labelstream-error-timestamp',
  /** Present, with the size in bytes, when the value was too large to be written a second time. */
  omittedBytes: 'labelstream-error-omitted-bytes',
} as const;

/** Headers around the replay of a dead letter. */
export const REPLAY_HEADERS = {
  /** On a message that was sent again and on every record made from it: how often, counting up. */
  replays: PASS_HEADERS.replays,
  /** On a marker: `<partition>-<offset>` of the dead letter, in the same topic, that was replayed. */
  replayed: 'labelstream-replayed',
} as const;

const MAX_HEADER_CHARS = 512;

/** Why a message became a dead letter. */
export interface DeadLetterReason {
  readonly code: ErrorCode;
  readonly detail: string;
}

/**
 * The dead letter of a message: its original key, bytes and headers, and why it failed. A message without a key gets the empty key.
 * `omitValue` leaves the bytes out: the last resort for a message that does not fit beside its headers.
 */
export function deadLetterRecord(
  message: InMessage,
  reason: DeadLetterReason,
  to: { readonly topic: string; readonly stage: StageName; readonly omitValue?: boolean },
): OutRecord {
  const omitted = to.omitValue === true && message.value !== null;
  return {
    topic: to.topic,
    key: message.key ?? '',
    value: omitted ? null : message.value,
    headers: {
      ...message.headers,
      [DEAD_LETTER_HEADERS.code]: reason.code,
      [DEAD_LETTER_HEADERS.detail]: printable(reason.detail),
      [DEAD_LETTER_HEADERS.stage]: to.stage,
      [DEAD_LETTER_HEADERS.topic]: message.topic,
      [DEAD_LETTER_HEADERS.partition]: String(message.partition),
      [DEAD_LETTER_HEADERS.offset]: String(message.offset),
      [DEAD_LETTER_HEADERS.lane]: message.lane,
      [DEAD_LETTER_HEADERS.timestamp]: String(message.timestampMs),
      ...(omitted ? { [DEAD_LETTER_HEADERS.omittedBytes]: String(message.value?.length ?? 0) } : {}),
    },
  };
}

/**
 * Whether a record of a dead-letter topic is no dead letter but says that one was replayed; whoever reads the topic passes over it. A dead
 * letter always names its error, so a message that brought such a header along is not taken for a marker.
 */
export function isReplayMarker({ value, headers }: Pick<InMessage, 'value' | 'headers'>): boolean {
  return value === null && headers[REPLAY_HEADERS.replayed] !== undefined && headers[DEAD_LETTER_HEADERS.code] === undefined;
}

/**
 * Text that is safe in a header, a log line and a terminal: what a hostile listing put into an error message must not move a cursor, break
 * a line or hide itself (control, format, surrogate and private-use characters become a space), nor be long.
 */
export function printable(text: string): string {
  const clean = text
    .slice(0, MAX_HEADER_CHARS * 4)
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
  return clean.length <= MAX_HEADER_CHARS ? clean : `${clean.slice(0, MAX_HEADER_CHARS - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
