import type { Breach, LabelRecord, SeenLabels, SentListing, Violation } from './types.js';

type LabelsRecord = Extract<LabelRecord, { kind: 'labels' }>;
type Tombstone = Extract<LabelRecord, { kind: 'tombstone' }>;
type Say = (breach: Breach, what: string) => void;

/**
 * Judges the records of one product, in their order, by what was sent of it.
 *
 * Allowed are: versions that a newer one overtook before they were published, several records of one version (a late image, a newer model,
 * a second pass that saw more), and a version that is published although no label changed.
 */
export function checkProduct(productId: string, sent: readonly SentListing[], records: readonly LabelRecord[]): Violation[] {
  const violations: Violation[] = [];
  const say: Say = (breach, what) => violations.push({ breach, productId, what });
  const versions = new Map(sent.map((listing) => [listing.version, listing]));
  for (const record of records) {
    const problem = problemOf(record, productId, versions);
    if (problem !== null) say('wrong', `${record.place} ${problem}`);
  }
  checkOrder(records, say);
  checkRepetitions(records, say);
  checkChanges(records, say);
  const end = problemAtEnd(sent, records);
  if (end !== null) say(...end);
  return violations;
}

type Versions = ReadonlyMap<number, SentListing>;

/** What is wrong with a record by itself, if anything: it must say something of an event that was sent. */
function problemOf(record: LabelRecord, productId: string, versions: Versions): string | null {
  if (record.kind === 'unreadable') return `cannot be read: ${record.why}`;
  if (record.kind === 'tombstone') {
    if (record.version === null) return 'is a tombstone that does not say which version it deletes';
    return versions.get(record.version)?.op === 'DELETE' ? null : `deletes version ${record.version}, which deletes nothing`;
  }
  const { labels } = record;
  if (labels.productId !== productId) return `speaks of ${labels.productId}`;
  const event = versions.get(labels.version);
  if (event === undefined) return `has version ${labels.version}, which was never sent`;
  if (event.op === 'DELETE') return `has labels for version ${labels.version}, which is a deletion`;
  if (!isPossible(labels, event))
    return `has image ${labels.image} and text ${labels.text}, which version ${labels.version} cannot come to`;
  if (labels.suggested && (labels.image !== 'USED' || (labels.text === 'USED' && !labels.mismatched)))
    return `proposes a title for image ${labels.image} and text ${labels.text}`;
  return labels.tasks.length === 0 ? 'has no labels at all' : null;
}

/** On the way to its end an image may be PENDING; a text is there from the first. */
function isPossible({ image, text }: SeenLabels, event: SentListing): boolean {
  const imageFits = image === event.imageAtEnd || (image === 'PENDING' && event.image !== null);
  return imageFits && text === (event.text === null ? 'MISSING' : 'USED');
}

const used = ({ image, text }: SeenLabels) => Number(image === 'USED') + Number(text === 'USED');
const rankOf = (labels: SeenLabels) => [labels.version, labels.generation, labels.revision, used(labels)] as const;

function isOlder(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0);
}

/** Version, then model generation, then revision, then modalities used: nothing may go back (docs/decisions/0001). */
function checkOrder(records: readonly LabelRecord[], say: Say): void {
  let newest: readonly number[] = [-1];
  for (const record of records) {
    const rank = placeInOrder(record);
    if (rank === null) continue;
    if (isOlder(rank, newest)) say('reordered', `${record.place} has (${rank}) after (${newest})`);
    else newest = rank;
  }
}

/** Nothing of the deleted version may follow its tombstone. */
function placeInOrder(record: LabelRecord): readonly number[] | null {
  if (record.kind === 'unreadable') return null;
  if (record.kind === 'labels') return rankOf(record.labels);
  return record.version === null ? null : [record.version, Number.POSITIVE_INFINITY];
}

const statement = (record: LabelsRecord) => [...rankOf(record.labels), record.labels.image, record.labels.text].join(' ');

/** What a consumer sees: the version, the states, whether the text fits, and labels without their confidence. */
function content({ labels }: LabelsRecord): string {
  const tasks = labels.tasks.map(({ task, label, abstained }) => `${task}=${label}${abstained ? '?' : ''}`).sort();
  return [labels.version, labels.image, labels.text, labels.mismatched, ...tasks].join(' ');
}

/** A title where none was proposed is something new; one that is no longer proposed, or worded otherwise, is not. */
const proposesFirst = (previous: LabelsRecord, record: LabelsRecord) => record.labels.suggested && !previous.labels.suggested;

function checkRepetitions(records: readonly LabelRecord[], say: Say): void {
  const said = new Map<string, string>();
  let previous: LabelsRecord | Tombstone | undefined;
  for (const record of records) {
    if (record.kind === 'unreadable') continue;
    const again = repeated(record, previous, said);
    if (again !== null) say('duplicated', `${record.place} ${again}`);
    if (record.kind === 'labels') said.set(statement(record), record.place);
    previous = record;
  }
}

function repeated(record: LabelsRecord | Tombstone, previous: LabelsRecord | Tombstone | undefined, said: ReadonlyMap<string, string>) {
  if (record.kind === 'tombstone') return deletesAgain(record, previous) ? `deletes again what ${previous?.place} has deleted` : null;
  const before = said.get(statement(record));
  if (before !== undefined) return `is of the same version, generation and revision as ${before}`;
  const saysNothing = previous?.kind === 'labels' && content(previous) === content(record) && !proposesFirst(previous, record);
  return saysNothing ? `says nothing that ${previous.place} has not said` : null;
}

/** A newer version may delete what is deleted: from then on, an update between the two is known to be old. */
const deletesAgain = (record: Tombstone, previous: LabelsRecord | Tombstone | undefined) =>
  previous?.kind === 'tombstone' && (record.version ?? 0) <= (previous.version ?? 0);

/** `changedTasks` against the record before: what the publisher thought had been published is what has been. */
function checkChanges(records: readonly LabelRecord[], say: Say): void {
  let known = new Map<string, string>();
  for (const record of records) {
    if (record.kind === 'unreadable') continue;
    if (record.kind === 'tombstone') {
      known = new Map();
      continue;
    }
    const now = new Map(record.labels.tasks.map(({ task, label, abstained }) => [task, `${label} ${abstained}`]));
    const changed = [...now].filter(([task, label]) => known.get(task) !== label).map(([task]) => task);
    const claimed = record.labels.changedTasks;
    if (changed.length !== claimed.length || changed.some((task) => !claimed.includes(task))) {
      say('wrong', `${record.place} claims that [${claimed}] have changed, [${changed}] have`);
    }
    known = now;
  }
}

const newestOf = (sent: readonly SentListing[]) =>
  sent.reduce<SentListing | undefined>((newest, one) => (newest === undefined || one.version > newest.version ? one : newest), undefined);

/** The last word on a product must be that of its last version. */
function problemAtEnd(sent: readonly SentListing[], records: readonly LabelRecord[]): [Breach, string] | null {
  const last = newestOf(sent);
  const end = records.findLast(({ kind }) => kind !== 'unreadable');
  if (last === undefined) return records.length === 0 ? null : ['wrong', 'labels of a product of which no valid event was sent'];
  if (last.op === 'DELETE') {
    return end?.kind === 'labels' ? ['lost', `version ${last.version} deletes it, and ${end.place} is no tombstone`] : null;
  }
  if (end?.kind !== 'labels')
    return ['lost', `version ${last.version} was sent, and it ends ${end === undefined ? 'without labels' : 'deleted'}`];
  if (end.labels.version < last.version) return ['lost', `version ${last.version} was sent, and it ends with ${end.labels.version}`];
  if (end.labels.image === last.imageAtEnd) return null;
  return [
    end.labels.image === 'PENDING' ? 'lost' : 'wrong',
    `it ends with its image ${end.labels.image} instead of ${last.imageAtEnd} (${end.place})`,
  ];
}
