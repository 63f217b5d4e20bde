import type { TopicNames } from '@labelstream/shared/events/topics';
import type { InMessage, RecordProducer } from '@labelstream/shared/ports/broker';
import { isReplayMarker } from '@labelstream/shared/stream/dead-letter';
import { isRefusal } from '@labelstream/shared/stream/decided';
import { STAGE_NAMES, type StageName } from '@labelstream/shared/stream/stage';
import type { Selection } from './filter.js';
import type { DeadLetterSource, FoundLetter } from './read.js';
import { type DeadLetter, deadLetterTopic, idOf, inputsOf, markerRecord, replayRecord } from './record.js';

/** So often a message is replayed without being forced: what failed again each time needs another cure. */
export const MAX_REPLAYS = 3;

/** Records and bytes that are sent before they are marked. After a crash in between, so many are replayed once more at most. */
const BATCH = { records: 100, bytes: 500_000 } as const;

/** Why a dead letter cannot be replayed, closed list. */
export const REFUSALS = {
  notFound: 'no such dead letter, or no longer kept',
  bytesNotKept: 'too large for its bytes to be kept; send the message again from its source',
  replayedTooOften: `replayed ${MAX_REPLAYS} times or more, and failed each time; --force replays it all the same`,
  originUnknown: 'from a topic that its stage does not read',
  rejected: 'Kafka does not take it',
} as const;
export type Refusal = keyof typeof REFUSALS;

/** What became of one dead letter. `planned`: what a dry run says instead of `replayed`. */
export type ReplayResult =
  | { readonly id: string; readonly outcome: 'replayed' | 'planned'; readonly topic: string; readonly replays: number }
  | { readonly id: string; readonly outcome: 'alreadyReplayed' }
  | { readonly id: string; readonly outcome: 'refused'; readonly reason: Refusal };

/** What a replay is going to do. */
export interface ReplayPlan {
  readonly letters: readonly DeadLetter[];
  /** What is certain before anything is sent. */
  readonly settled: readonly ReplayResult[];
}

const refused = (id: string, reason: Refusal): ReplayResult => ({ id, outcome: 'refused', reason });
const done = ({ id, origin, replays }: DeadLetter, outcome: 'replayed' | 'planned'): ReplayResult => ({
  id,
  outcome,
  topic: origin.topic,
  replays: replays + 1,
});

/** Decides about every selected dead letter. One that was replayed already is spoken of only when it was asked for by its id. */
export function planReplay(
  found: readonly FoundLetter[],
  { ids }: Pick<Selection, 'ids'>,
  { topics, force }: { readonly topics: TopicNames; readonly force: boolean },
): ReplayPlan {
  const known = new Set(found.map(({ id }) => id));
  const settled: ReplayResult[] = ids.filter((id) => !known.has(id)).map((id) => refused(id, 'notFound'));
  const letters: DeadLetter[] = [];
  for (const letter of found) {
    const reason = refusalOf(letter, topics, force);
    if (letter.isReplayed) {
      if (ids.length > 0) settled.push({ id: letter.id, outcome: 'alreadyReplayed' });
    } else if (reason !== null) settled.push(refused(letter.id, reason));
    else letters.push(letter);
  }
  return { letters, settled };
}

function refusalOf({ isOmitted, origin, replays, stage }: DeadLetter, topics: TopicNames, force: boolean): Refusal | null {
  if (isOmitted) return 'bytesNotKept';
  if (!inputsOf(topics, stage).includes(origin.topic)) return 'originUnknown';
  return replays >= MAX_REPLAYS && !force ? 'replayedTooOften' : null;
}

/** What {@link replayDeadLetters} would do with a plan. */
export const dryRun = ({ letters, settled }: ReplayPlan): readonly ReplayResult[] => [
  ...settled,
  ...letters.map((letter) => done(letter, 'planned')),
];

/**
 * Sends planned dead letters to where they came from, in the order of their offsets within each partition, and marks each once it is
 * acknowledged. Only what is in the plan is sent, so never what fails again meanwhile. At least once: when it is interrupted between a
 * send and its marks, or when Kafka takes a part of a send only, some may be replayed twice. Throws BROKER_UNAVAILABLE.
 */
export async function* replayDeadLetters(source: DeadLetterSource, { letters, settled }: ReplayPlan): AsyncGenerator<ReplayResult> {
  yield* settled;
  if (letters.length === 0) return;
  const producer = await source.broker.producer();
  try {
    for (const stage of STAGE_NAMES) {
      const chosen = new Map(letters.filter((letter) => letter.stage === stage).map((letter) => [letter.id, letter]));
      if (chosen.size > 0) yield* replayStage(source, producer, stage, chosen);
    }
  } finally {
    await producer.close();
  }
}

/** A planned dead letter together with its bytes. */
interface Loaded {
  readonly letter: DeadLetter;
  readonly message: InMessage;
}

async function* replayStage(
  source: DeadLetterSource,
  producer: RecordProducer,
  stage: StageName,
  chosen: ReadonlyMap<string, DeadLetter>,
): AsyncGenerator<ReplayResult> {
  const left = new Map(chosen);
  for await (const batch of inBatches(load(source, stage, left))) {
    source.signal.throwIfAborted();
    yield* send(producer, batch);
  }
  source.signal.throwIfAborted();
  // Removed by the topic's retention since the plan was made.
  for (const id of left.keys()) yield refused(id, 'notFound');
}

/** Reads the bytes of dead letters; takes out of `left` what it has found. */
async function* load(
  { broker, topics, signal }: DeadLetterSource,
  stage: StageName,
  left: Map<string, DeadLetter>,
): AsyncGenerator<Loaded> {
  const topic = deadLetterTopic(topics, stage);
  const first = new Map<number, number>();
  for (const { partition, offset } of left.values()) first.set(partition, Math.min(offset, first.get(partition) ?? offset));
  const from = (await broker.describe([topic])).map(({ partition, latest }) => ({
    topic,
    partition,
    offset: first.get(partition) ?? latest,
  }));
  for await (const message of broker.read({ topic, from, signal })) {
    const letter = isReplayMarker(message) ? undefined : left.get(idOf({ stage, ...message }));
    if (letter === undefined) continue;
    left.delete(letter.id);
    yield { letter, message };
    if (left.size === 0) return;
  }
}

async function* inBatches(items: AsyncIterable<Loaded>): AsyncGenerator<Loaded[]> {
  let batch: Loaded[] = [];
  let usedBytes = 0;
  for await (const item of items) {
    const sizeBytes = item.letter.sizeBytes;
    if (batch.length > 0 && (batch.length >= BATCH.records || usedBytes + sizeBytes > BATCH.bytes)) {
      yield batch;
      batch = [];
      usedBytes = 0;
    }
    batch.push(item);
    usedBytes += sizeBytes;
  }
  if (batch.length > 0) yield batch;
}

/** Sends, then marks. A batch that Kafka refuses is halved until the one that it does not take stands alone. */
async function* send(producer: RecordProducer, batch: readonly Loaded[]): AsyncGenerator<ReplayResult> {
  try {
    await producer.send(batch.map(({ letter, message }) => replayRecord(message, letter.stage)));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const [only, ...others] = batch;
    if (only !== undefined && others.length === 0) return yield refused(only.letter.id, 'rejected');
    const middle = Math.ceil(batch.length / 2);
    yield* send(producer, batch.slice(0, middle));
    return yield* send(producer, batch.slice(middle));
  }
  await producer.send(batch.map(({ message }) => markerRecord(message)));
  for (const { letter } of batch) yield done(letter, 'replayed');
}
