import type { PredictedListing } from '@labelstream/shared/events/records';
import type { DropReason } from '@labelstream/shared/stream/outcome';
import { type PublishedState, type PublishedTask, publishedTasks } from './published.js';
import { compareRank, rankOf } from './rank.js';

/** What to do with a record, and what is known of the product afterwards (without its sources). */
export type Decision =
  | { readonly kind: 'publish'; readonly changedTasks: readonly string[]; readonly next: PublishedState }
  | { readonly kind: 'tombstone'; readonly tasks: readonly string[]; readonly next: PublishedState }
  | { readonly kind: 'drop'; readonly reason: DropReason; readonly next: PublishedState | null };

/**
 * The version guard and the change detection. Pure.
 *
 * - Something newer was said already: dropped as stale.
 * - A deletion counts from its own version on. It is said although nothing was published or the product is deleted already, once for each
 *   version: a late update stays dead also where only the label topic is left to tell.
 * - Same listing version and nothing that a consumer can see differs: dropped as unchanged, the newer rank is remembered. Confidences, the
 *   cosine of image and text and which of several images was used may move without being a change; that the text is now taken for another
 *   listing's, or no longer, is one.
 * - A title that is proposed for the first time is a change, too. That it is worded otherwise, or no longer proposed, is none: the listing is
 *   the same, and what was proposed for it still stands in the label topic.
 * - A new listing version is always published, so that the label topic alone tells which version is labelled.
 */
export function decide(record: PredictedListing, base: PublishedState | null): Decision {
  return record.op === 'DELETE' ? decideDelete(record, base) : decideUpsert(record, base);
}

/**
 * Whether a newer version of a listing was labelled by an older model than the one before it: by an instance of fusion that had not switched
 * yet, or in the other lane, where it waited for long. It is to be labelled again, as no label of an older model may come after one of a newer.
 */
export function isOutdated({ op, version, model }: PredictedListing, base: PublishedState | null): boolean {
  return op === 'UPSERT' && base !== null && version > base.rank.version && model.generation < base.rank.generation;
}

function decideDelete(record: PredictedListing, base: PublishedState | null): Decision {
  if (base !== null && record.version < base.rank.version) return { kind: 'drop', reason: 'STALE_VERSION', next: null };
  const isKnown = base?.deleted === true && base.rank.version === record.version;
  const { generation } = record.model;
  const next: PublishedState = {
    // What a model before the last one says of a deletion is as true; of the next version it would not be.
    rank: { ...rankOf(record), generation: Math.max(generation, base?.rank.generation ?? generation), evidence: 0 },
    deleted: true,
    image: 'MISSING',
    text: 'MISSING',
    tasks: {},
    sources: base?.sources ?? {},
  };
  if (isKnown) return { kind: 'drop', reason: 'UNCHANGED', next };
  return { kind: 'tombstone', tasks: Object.keys(base?.tasks ?? {}), next };
}

function decideUpsert(record: PredictedListing, base: PublishedState | null): Decision {
  const rank = rankOf(record);
  if (base !== null && isStale(rank.version, base, compareRank(rank, base.rank)))
    return { kind: 'drop', reason: 'STALE_VERSION', next: null };
  const next: PublishedState = {
    rank,
    deleted: false,
    image: record.image.state,
    text: record.text.state,
    mismatched: record.mismatched,
    suggested: record.suggestedTitle !== undefined,
    tasks: publishedTasks(record.labels),
    sources: base?.sources ?? {},
  };
  const known = base === null || base.deleted ? {} : base.tasks;
  const changedTasks = changed(next.tasks, known);
  const sameVersion = base !== null && !base.deleted && base.rank.version === rank.version;
  const sameModalities = base?.image === next.image && base.text === next.text && (base.mismatched ?? false) === next.mismatched;
  const tasksGone = Object.keys(known).some((task) => !Object.hasOwn(next.tasks, task));
  const suggestedAnew = next.suggested === true && base?.suggested !== true;
  if (sameVersion && sameModalities && changedTasks.length === 0 && !tasksGone && !suggestedAnew)
    return { kind: 'drop', reason: 'UNCHANGED', next: { ...next, suggested: base.suggested ?? false } };
  return { kind: 'publish', changedTasks, next };
}

function isStale(version: number, base: PublishedState, order: number): boolean {
  return base.deleted ? version <= base.rank.version : order < 0;
}

function changed(now: Readonly<Record<string, PublishedTask>>, known: Readonly<Record<string, PublishedTask>>): string[] {
  return Object.entries(now)
    .filter(([task, { label, abstained, place }]) => {
      const before = Object.hasOwn(known, task) ? known[task] : undefined;
      return before === undefined || before.label !== label || before.abstained !== abstained || before.place !== place;
    })
    .map(([task]) => task);
}
