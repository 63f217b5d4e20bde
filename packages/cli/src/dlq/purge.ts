import type { InMessage } from '@labelstream/shared/ports/broker';
import { isReplayMarker } from '@labelstream/shared/stream/dead-letter';
import type { StageName } from '@labelstream/shared/stream/stage';
import type { Selection } from './filter.js';
import { type DeadLetterSource, stagesWithTopic } from './read.js';
import { type DeadLetter, deadLetterTopic, idInMarker, parseId, toDeadLetter } from './record.js';

/** What became of one dead letter. `planned`: what a dry run says instead of `deleted`. */
export type PurgeResult =
  | { readonly id: string; readonly outcome: 'deleted' | 'planned' }
  /** Kafka deletes a partition from its beginning only, and the first record that is to stay, `behind`, lies before this one. */
  | { readonly id: string; readonly outcome: 'kept'; readonly behind: string }
  | { readonly id: string; readonly outcome: 'notFound' };

/** The beginning of one partition that is going to be deleted. */
interface Deletion {
  readonly topic: string;
  readonly partition: number;
  /** The first offset that stays. */
  readonly offset: number;
  readonly letters: readonly DeadLetter[];
}

/** What a purge is going to do. */
export interface PurgePlan {
  readonly deletions: readonly Deletion[];
  /** What is certain before anything is deleted. */
  readonly settled: readonly PurgeResult[];
}

/** A record of a dead-letter topic, as far as a purge looks at it. */
type Entry = { readonly offset: number } & ({ readonly letter: DeadLetter } | { readonly marks: string });

/** Chosen by the selection and, with `onlyReplayed`, replayed since. */
export interface PurgeChoice extends Selection {
  readonly onlyReplayed: boolean;
}

/**
 * Decides how far each partition can be deleted: up to the first dead letter that is not chosen. A marker goes with its dead letter: alone it
 * says nothing, and without it a dead letter that stays would be replayed again. Throws what `signal` was aborted with.
 */
export async function planPurge(source: DeadLetterSource, choice: PurgeChoice): Promise<PurgePlan> {
  const plans = await Promise.all((await stagesWithTopic(source, choice.stages)).map((stage) => planStage(source, stage, choice)));
  const deletions = plans.flatMap((plan) => plan.deletions);
  const settled = plans.flatMap((plan) => plan.settled);
  const known = new Set([...deletions.flatMap(({ letters }) => letters), ...settled].map(({ id }) => id));
  const missing = choice.ids.filter((id) => !known.has(id)).map((id): PurgeResult => ({ id, outcome: 'notFound' }));
  return { deletions, settled: [...missing, ...settled] };
}

async function planStage(source: DeadLetterSource, stage: StageName, choice: PurgeChoice): Promise<PurgePlan> {
  const { broker, topics, signal } = source;
  const topic = deadLetterTopic(topics, stage);
  const partitions = new Map<number, Entry[]>();
  for await (const message of broker.read({ topic, signal })) {
    const entries = partitions.get(message.partition) ?? [];
    partitions.set(message.partition, entries);
    entries.push(entryOf(message, stage));
  }
  signal.throwIfAborted();
  const all = [...partitions.values()].flat();
  const replayed = new Set(all.flatMap((entry) => ('marks' in entry ? entry.marks : [])));
  const kept = new Set(all.flatMap((entry) => ('letter' in entry ? entry.letter.id : [])));
  const isChosen = (letter: DeadLetter) => choice.isWanted(letter) && (!choice.onlyReplayed || replayed.has(letter.id));
  const plans = [...partitions].map(([partition, entries]) => planPartition({ topic, partition }, entries, { isChosen, kept }));
  return { deletions: plans.flatMap((plan) => plan.deletions), settled: plans.flatMap((plan) => plan.settled) };
}

function entryOf(message: InMessage, stage: StageName): Entry {
  const { offset } = message;
  return isReplayMarker(message) ? { offset, marks: idInMarker(message, stage) } : { offset, letter: toDeadLetter(message, stage) };
}

interface PartitionRules {
  isChosen(letter: DeadLetter): boolean;
  /** Ids of the dead letters that are there, in any partition. */
  readonly kept: ReadonlySet<string>;
}

function planPartition(
  place: Pick<Deletion, 'topic' | 'partition'>,
  entries: readonly Entry[],
  { isChosen, kept }: PartitionRules,
): PurgePlan {
  // What a marker marks lies before it, unless partitions were added in between: then it may lie elsewhere, and the marker has to stay.
  const isElsewhere = (id: string) => parseId(id)?.partition !== place.partition && kept.has(id);
  const stays = (entry: Entry) => ('letter' in entry ? !isChosen(entry.letter) : isElsewhere(entry.marks));
  const found = entries.findIndex(stays);
  const end = found < 0 ? entries.length : found;
  const lettersOf = (some: readonly Entry[]) => some.flatMap((entry) => ('letter' in entry && isChosen(entry.letter) ? entry.letter : []));
  const letters = lettersOf(entries.slice(0, end));
  const first = entries[end];
  const behind = first === undefined ? '' : 'letter' in first ? first.letter.id : first.marks;
  const offset = first?.offset ?? (entries.at(-1)?.offset ?? -1) + 1;
  return {
    deletions: letters.length === 0 ? [] : [{ ...place, offset, letters }],
    settled: lettersOf(entries.slice(end)).map(({ id }) => ({ id, outcome: 'kept', behind })),
  };
}

/** What {@link purgeDeadLetters} would do with a plan. */
export const dryRunPurge = ({ deletions, settled }: PurgePlan): readonly PurgeResult[] => [
  ...settled,
  ...deletions.flatMap(({ letters }) => letters.map(({ id }): PurgeResult => ({ id, outcome: 'planned' }))),
];

/** Deletes for good. What has failed since the plan was made lies behind it and stays. Throws BROKER_UNAVAILABLE or CONFIG_INVALID. */
export async function* purgeDeadLetters({ broker, signal }: DeadLetterSource, plan: PurgePlan): AsyncGenerator<PurgeResult> {
  yield* plan.settled;
  for (const { topic, partition, offset, letters } of plan.deletions) {
    signal.throwIfAborted();
    await broker.deleteBefore([{ topic, partition, offset }]);
    for (const { id } of letters) yield { id, outcome: 'deleted' };
  }
}

/** Dead letters that a plan deletes. */
export const lettersToDelete = ({ deletions }: PurgePlan): readonly DeadLetter[] => deletions.flatMap(({ letters }) => letters);
