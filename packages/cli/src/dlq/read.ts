import type { TopicNames } from '@labelstream/shared/events/topics';
import type { Broker, InMessage } from '@labelstream/shared/ports/broker';
import { isReplayMarker } from '@labelstream/shared/stream/dead-letter';
import type { StageName } from '@labelstream/shared/stream/stage';
import type { Selection } from './filter.js';
import { type DeadLetter, type DeadLetterPlace, deadLetterTopic, idInMarker, idOf, toDeadLetter } from './record.js';

/** Where dead letters are read. */
export interface DeadLetterSource {
  readonly broker: Broker;
  readonly topics: TopicNames;
  readonly signal: AbortSignal;
}

/** A dead letter, and whether it was replayed since. */
export type FoundLetter = DeadLetter & { readonly isReplayed: boolean };

/** The stages among `stages` whose dead-letter topic exists. */
export async function stagesWithTopic({ broker, topics }: DeadLetterSource, stages: readonly StageName[]): Promise<StageName[]> {
  const infos = await broker.describe(stages.map((stage) => deadLetterTopic(topics, stage)));
  return stages.filter((stage) => infos.some(({ topic }) => topic === deadLetterTopic(topics, stage)));
}

/**
 * The selected dead letters without their bytes, in offset order within a partition, up to the end as of now. All of a topic is read: a
 * marker can lie anywhere behind what it marks. Throws what `signal` was aborted with.
 */
export async function findDeadLetters(source: DeadLetterSource, { stages, isWanted }: Selection): Promise<FoundLetter[]> {
  const existing = await stagesWithTopic(source, stages);
  const found = await Promise.all(
    existing.map(async (stage) => {
      const letters: DeadLetter[] = [];
      const replayed = await readStage(source, stage, (message) => {
        const letter = toDeadLetter(message, stage);
        if (isWanted(letter)) letters.push(letter);
      });
      return letters.map((letter) => ({ ...letter, isReplayed: replayed.has(letter.id) }));
    }),
  );
  return found.flat();
}

/** One dead letter with all it has; null when it is not there (any more). */
export async function readDeadLetter(
  source: DeadLetterSource,
  place: DeadLetterPlace,
): Promise<{ readonly letter: FoundLetter; readonly message: InMessage } | null> {
  const [stage] = await stagesWithTopic(source, [place.stage]);
  if (stage === undefined) return null;
  let message: InMessage | null = null;
  const keep = (each: InMessage) => {
    if (each.partition === place.partition && each.offset === place.offset) message = each;
  };
  const replayed = await readStage(source, stage, keep);
  if (message === null) return null;
  return { message, letter: { ...toDeadLetter(message, stage), isReplayed: replayed.has(idOf(place)) } };
}

/** Hands out the dead letters of a stage; returns the ids of those that were replayed. */
async function readStage(
  { broker, topics, signal }: DeadLetterSource,
  stage: StageName,
  onLetter: (message: InMessage) => void,
): Promise<ReadonlySet<string>> {
  const replayed = new Set<string>();
  for await (const message of broker.read({ topic: deadLetterTopic(topics, stage), signal })) {
    if (isReplayMarker(message)) replayed.add(idInMarker(message, stage));
    else onLetter(message);
  }
  signal.throwIfAborted();
  return replayed;
}

/** Newest first. */
export function newestFirst(letters: readonly FoundLetter[]): FoundLetter[] {
  return [...letters].sort((a, b) => b.failedAtMs - a.failedAtMs || b.offset - a.offset);
}
