import { PASS_HEADERS } from '@labelstream/shared/events/headers';
import type { TopicNames } from '@labelstream/shared/events/topics';
import type { InMessage } from '@labelstream/shared/ports/broker';
import { DEAD_LETTER_HEADERS, REPLAY_HEADERS } from '@labelstream/shared/stream/dead-letter';
import type { OutRecord } from '@labelstream/shared/stream/outcome';
import { STAGE_INPUTS, STAGE_NAMES, type StageName } from '@labelstream/shared/stream/stage';

/** Where a message came from before it was given up, as its headers say; empty text where they do not. */
export interface Origin {
  readonly topic: string;
  readonly partition: string;
  readonly offset: string;
  readonly lane: string;
  /** Epoch milliseconds. */
  readonly timestamp: string;
}

/** What is known of a dead letter, without its bytes. */
export interface DeadLetter {
  /** `<stage>-<partition>-<offset>`, of the dead letter itself. */
  readonly id: string;
  readonly stage: StageName;
  readonly partition: number;
  readonly offset: number;
  readonly failedAtMs: number;
  /** One of the closed list, unless another release wrote it. */
  readonly code: string;
  readonly detail: string;
  /** The message's key. */
  readonly productId: string;
  readonly origin: Origin;
  /** Size of the original value. */
  readonly sizeBytes: number;
  /** Whether the value was too large to be kept. */
  readonly isOmitted: boolean;
  /** How often the message had been replayed before it failed this time. */
  readonly replays: number;
}

/** Where a dead letter lies. */
export type DeadLetterPlace = Pick<DeadLetter, 'stage' | 'partition' | 'offset'>;

const ID = new RegExp(`^(${STAGE_NAMES.join('|')})-(\\d{1,9})-(\\d{1,15})$`);

/** Headers that only the dead letter has. */
const ADDED: ReadonlySet<string> = new Set(Object.values(DEAD_LETTER_HEADERS));

/** Headers that count the rounds of a listing that was sent back. */
const ROUNDS: ReadonlySet<string> = new Set([PASS_HEADERS.requeue, PASS_HEADERS.rested]);

export const deadLetterTopic = (topics: TopicNames, stage: StageName): string => topics.deadLetters(STAGE_INPUTS[stage]);

/** The topics that a stage reads, one per lane. */
export const inputsOf = (topics: TopicNames, stage: StageName): readonly string[] => [
  topics.of(STAGE_INPUTS[stage], 'live'),
  topics.of(STAGE_INPUTS[stage], 'backfill'),
];

export const idOf = ({ stage, partition, offset }: DeadLetterPlace): string => `${stage}-${partition}-${offset}`;

/** The inverse of {@link idOf}; null for a text that is no id. */
export function parseId(id: string): DeadLetterPlace | null {
  const [, stage, partition, offset] = ID.exec(id) ?? [];
  return stage === undefined ? null : { stage: stage as StageName, partition: Number(partition), offset: Number(offset) };
}

/** The id of the dead letter of which a marker says that it was replayed. */
export const idInMarker = ({ headers }: InMessage, stage: StageName): string => `${stage}-${headers[REPLAY_HEADERS.replayed]}`;

/** Reads a message of a stage's dead-letter topic; total, since anybody may have written there. */
export function toDeadLetter({ partition, offset, key, value, headers, timestampMs }: InMessage, stage: StageName): DeadLetter {
  const header = (name: keyof typeof DEAD_LETTER_HEADERS) => headers[DEAD_LETTER_HEADERS[name]] ?? '';
  const isOmitted = value === null && header('omittedBytes') !== '';
  return {
    id: idOf({ stage, partition, offset }),
    stage,
    partition,
    offset,
    failedAtMs: timestampMs,
    code: header('code') || 'unknown',
    detail: header('detail'),
    productId: key ?? '',
    origin: {
      topic: header('topic'),
      partition: header('partition'),
      offset: header('offset'),
      lane: header('lane'),
      timestamp: header('timestamp'),
    },
    sizeBytes: isOmitted ? wholeNumber(header('omittedBytes')) : (value?.length ?? 0),
    isOmitted,
    replays: wholeNumber(headers[REPLAY_HEADERS.replays]),
  };
}

/**
 * The message as it was before it became a dead letter, to go where it came from: key, bytes and headers, and how often it was replayed.
 *
 * - A message without a key became a dead letter with the empty key. The two cannot be told apart afterwards: it is sent with the empty
 *   key, so always to the same partition. Ingest takes the product from the value.
 * - A listing that was sent back to be prepared too often starts to count anew: its old count alone would make it a dead letter again.
 */
export function replayRecord(message: InMessage, stage: StageName): OutRecord {
  const { code, origin, replays } = toDeadLetter(message, stage);
  const isRestarted = code === 'REQUEUE_EXHAUSTED';
  const own = Object.entries(message.headers).filter(([name]) => !ADDED.has(name) && !(isRestarted && ROUNDS.has(name)));
  return {
    topic: origin.topic,
    key: message.key ?? '',
    value: message.value,
    headers: { ...Object.fromEntries(own), [REPLAY_HEADERS.replays]: String(replays + 1) },
  };
}

/** What is appended to a dead-letter topic once a dead letter was replayed; its key brings it into the same partition. */
export function markerRecord({ topic, partition, offset, key }: InMessage): OutRecord {
  return { topic, key: key ?? '', value: null, headers: { [REPLAY_HEADERS.replayed]: `${partition}-${offset}` } };
}

/** A header that is no whole number counts as 0: a message may bring along whatever it likes. */
const wholeNumber = (text = '') => (/^\d{1,9}$/.test(text) ? Number(text) : 0);
