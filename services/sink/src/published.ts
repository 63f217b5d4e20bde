import { LANES, type Lane } from '@labelstream/shared/events/lane';
import type { LabelledTask, ModalityState } from '@labelstream/shared/events/records';
import type { Rank } from './rank.js';

/** What consumers can see of a task; its confidence may move without being a change. */
export interface PublishedTask {
  readonly label: string;
  readonly abstained: boolean;
  /** Where the label stands in its own and in the public taxonomy; absent for a label that stands in neither. */
  readonly place?: string;
}

/** The last thing said about a product, or that it is deleted. */
export interface PublishedState {
  readonly rank: Rank;
  readonly deleted: boolean;
  readonly image: ModalityState;
  readonly text: ModalityState;
  /** Whether the text was said not to fit the image; absent in states of before that was looked at. */
  readonly mismatched?: boolean;
  /** Whether a title was proposed; absent in states of before there were any. */
  readonly suggested?: boolean;
  readonly tasks: Readonly<Record<string, PublishedTask>>;
  /** Per lane, the last message that this state has taken in. */
  readonly sources: Readonly<Partial<Record<Lane, { readonly partition: number; readonly offset: number }>>>;
}

/**
 * The value of `pub:{productId}`. It is written *before* the Kafka transaction that publishes it, so it may run ahead of the label topic;
 * `before` is where the product stood when the batch began, to go back to when the transaction did not commit.
 */
export interface StoredState {
  readonly state: PublishedState;
  readonly before: PublishedState | null;
}

/** Per lane, the offset after the last message. */
export type Offsets = Readonly<Record<Lane, number>>;

/** Where the consumer group stands in a partition number. */
export interface Committed {
  readonly partition: number;
  readonly offsets: Offsets;
}

/**
 * The state that the label topic really shows. Offsets are committed in the same transaction as the labels, so a stored state that has
 * taken in a message the group has not committed belongs to an aborted transaction: then what the batch found, `before`, still holds.
 */
export function baselineFor(stored: StoredState | null, { partition, offsets }: Committed): PublishedState | null {
  if (stored === null) return null;
  const runsAhead = LANES.some((lane) => {
    const source = stored.state.sources[lane];
    return source !== undefined && source.partition === partition && source.offset >= offsets[lane];
  });
  return runsAhead ? stored.before : stored.state;
}

/** What consumers can see of each task. */
export function publishedTasks(labels: readonly LabelledTask[]): Record<string, PublishedTask> {
  return Object.fromEntries(
    labels.map(({ task, label, abstained, path, category }) => {
      const known = path !== undefined || category !== undefined;
      const place = JSON.stringify([path ?? [], category?.taxonomy, category?.id, category?.path]);
      return [task, { label, abstained, ...(known ? { place } : {}) }];
    }),
  );
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** JSON, UTF-8. */
export const encodeStoredState = (stored: StoredState): Uint8Array => encoder.encode(JSON.stringify(stored));

/**
 * The value of the sentinel of a partition number: how far states were saved when it was written, with the states of the last batch or by a
 * rebuild. A batch is saved before it is committed, so a group that is further has had a store that forgot.
 */
export const encodeSaved = ({ live, backfill }: Offsets): Uint8Array => encoder.encode(JSON.stringify({ live, backfill }));

/** Whether states are complete up to where the group stands; not where there is no sentinel, or one of another form. */
export function isComplete(sentinel: Uint8Array | null, committed: Offsets): boolean {
  if (sentinel === null) return false;
  const saved = JSON.parse(decoder.decode(sentinel)) as Partial<Offsets> | number;
  return typeof saved === 'object' && LANES.every((lane) => (saved[lane] ?? -1) >= committed[lane]);
}

/** The reverse of {@link encodeStoredState}; null for null. */
export const decodeStoredState = (bytes: Uint8Array | null): StoredState | null =>
  bytes === null ? null : (JSON.parse(decoder.decode(bytes)) as StoredState);
