import { checkContents } from './contents.js';
import { checkDeadLetters } from './dead-letters.js';
import { checkProduct } from './product.js';
import {
  BREACHES,
  type Breach,
  type LabelRecord,
  type Sent,
  type SentBad,
  type SentListing,
  type TopicRecord,
  type Violation,
} from './types.js';

/** What was sent, and what is there when all is done. */
export interface Evidence {
  readonly sent: readonly Sent[];
  /** The label topic, read committed from its start, each partition in its order. */
  readonly labels: readonly LabelRecord[];
  /** The dead-letter topics of all stages. */
  readonly deadLetters: readonly TopicRecord[];
}

/** The judgement of a run. */
export interface Verdict {
  readonly counts: Readonly<Record<Breach, number>>;
  readonly violations: readonly Violation[];
}

/** Compares what is there with what was sent. */
export function check({ sent, labels, deadLetters }: Evidence): Verdict {
  const listings = sent.filter((one): one is SentListing => one.kind === 'listing');
  const bad = sent.filter((one): one is SentBad => one.kind === 'bad');
  const sentBy = groupBy(listings, ({ productId }) => productId);
  const recordsBy = groupBy(labels, ({ key }) => key);
  const productIds = new Set([...sentBy.keys(), ...recordsBy.keys()]);
  const versions = new Map([...sentBy].map(([id, events]) => [id, new Map(events.map((event) => [event.version, event]))]));
  const violations = [
    ...[...productIds].flatMap((id) => checkProduct(id, sentBy.get(id) ?? [], recordsBy.get(id) ?? [])),
    ...checkPartitions(recordsBy),
    ...checkContents(versions, labels),
    ...checkDeadLetters(bad, deadLetters),
  ];
  const count = (breach: Breach) => violations.filter((one) => one.breach === breach).length;
  return { counts: Object.fromEntries(BREACHES.map((breach) => [breach, count(breach)])) as Record<Breach, number>, violations };
}

/** Only within a partition is there an order. */
function checkPartitions(recordsBy: ReadonlyMap<string, readonly LabelRecord[]>): Violation[] {
  return [...recordsBy].flatMap(([productId, records]): Violation[] => {
    const partitions = new Set(records.map(({ place }) => place.split('/')[0]));
    return partitions.size <= 1 ? [] : [{ breach: 'reordered', productId, what: `is in the partitions ${[...partitions]}` }];
  });
}

function groupBy<T>(items: readonly T[], nameOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(nameOf(item));
    if (group === undefined) groups.set(nameOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
