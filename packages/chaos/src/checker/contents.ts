import type { LabelRecord, SeenLabels, SentListing, Violation } from './types.js';

/** Runs of one graph over different batches differ by rounding only. */
const CONFIDENCE_TOLERANCE = 0.01;

interface Seen {
  readonly productId: string;
  readonly place: string;
  readonly labels: SeenLabels;
}

/**
 * Labels that belong to another content. Products share texts and images, so the same content is labelled many times over: what most of its
 * records say is right, and a record that says something else was made from something else.
 *
 * @param sent by product id and version
 */
export function checkContents(sent: ReadonlyMap<string, ReadonlyMap<number, SentListing>>, records: readonly LabelRecord[]): Violation[] {
  const groups = new Map<string, Seen[]>();
  for (const record of records) {
    if (record.kind !== 'labels') continue;
    const event = sent.get(record.key)?.get(record.labels.version);
    if (event === undefined) continue;
    const name = contentOf(record.labels, event);
    groups.set(name, [...(groups.get(name) ?? []), { productId: record.key, place: record.place, labels: record.labels }]);
  }
  return [...groups].flatMap(([name, group]) => strangersOf(name, group));
}

/** What the labels were made from: the parts of the content that were used. */
function contentOf({ image, text }: SeenLabels, event: SentListing): string {
  return `${text === 'USED' ? event.text : '-'} + ${image === 'USED' ? event.image : '-'}`;
}

const says = ({ labels }: Seen) =>
  labels.tasks
    .map(({ task, label, abstained }) => `${task}=${label}${abstained ? '?' : ''}`)
    .sort()
    .join(' ');

function strangersOf(name: string, group: readonly Seen[]): Violation[] {
  const votes = new Map<string, Seen[]>();
  for (const one of group) votes.set(says(one), [...(votes.get(says(one)) ?? []), one]);
  const majority = [...votes.values()].find((voters) => voters.length * 2 > group.length);
  const model = majority?.[0];
  // Two against two: nobody can say who is right.
  if (majority === undefined || model === undefined) return [];
  return group
    .filter((one) => says(one) !== says(model) || !sameConfidence(one.labels, model.labels))
    .map(({ productId, place }) => ({ breach: 'wrong', productId, what: `${place} has not the labels of its content, ${name}` }));
}

function sameConfidence(a: SeenLabels, b: SeenLabels): boolean {
  return a.tasks.every(({ task, confidence }) => {
    const other = b.tasks.find((one) => one.task === task);
    return other !== undefined && Math.abs(other.confidence - confidence) <= CONFIDENCE_TOLERANCE;
  });
}
