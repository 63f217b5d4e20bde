import type { LabelRecord, Modality, Sent, SentBad, SentListing, TopicRecord } from '../../src/checker/types.js';

export const TASKS = ['articleType', 'baseColour'];

export const upsert = (productId: string, version: number, over: Partial<SentListing> = {}): SentListing => ({
  kind: 'listing',
  productId,
  version,
  op: 'UPSERT',
  text: 'a blue shirt',
  image: 'shirt.jpg',
  imageAtEnd: 'USED',
  ...over,
});

export const deletion = (productId: string, version: number): SentListing =>
  upsert(productId, version, { op: 'DELETE', text: null, image: null, imageAtEnd: 'MISSING' });

export const bad = (number: number, code = 'EVENT_INVALID'): SentBad => ({
  kind: 'bad',
  key: `bad-${number}`,
  bytes: new TextEncoder().encode(`bad event ${number}`),
  code,
});

/** The dead letter of a bad event. */
export const letterOf = ({ key, bytes, code }: SentBad, offset = 0): TopicRecord => ({
  topic: 'product.events.dlq',
  partition: 0,
  offset,
  key,
  value: bytes,
  headers: { 'labelstream-error-code': code },
});

export interface Said {
  readonly revision?: number;
  readonly generation?: number;
  readonly image?: Modality;
  readonly text?: Modality;
  readonly mismatched?: boolean;
  readonly suggested?: boolean;
  /** Labels by task. */
  readonly tasks?: Readonly<Record<string, string>>;
  readonly changedTasks?: readonly string[];
}

export const labelsOf = (productId: string, version: number, offset: number, said: Said = {}): Extract<LabelRecord, { kind: 'labels' }> => {
  const { revision = 0, generation = 1, image = 'USED', text = 'USED', tasks = { articleType: 'Shirt', baseColour: 'Blue' } } = said;
  return {
    kind: 'labels',
    place: `0/${offset}`,
    key: productId,
    labels: {
      productId,
      version,
      revision,
      generation,
      image,
      text,
      mismatched: said.mismatched ?? false,
      suggested: said.suggested ?? false,
      tasks: Object.entries(tasks).map(([task, label]) => ({ task, label, confidence: 0.9, abstained: false })),
      changedTasks: said.changedTasks ?? Object.keys(tasks),
    },
  };
};

export const tombstoneOf = (productId: string, version: number, offset: number): LabelRecord => ({
  kind: 'tombstone',
  place: `0/${offset}`,
  key: productId,
  version,
});

/** What a text and an image are labelled as: the same for the same content, another for another. */
const labelled = (content: string) => {
  const sum = [...content].reduce((total, letter) => total + letter.charCodeAt(0), 0);
  return { articleType: `article ${sum % 5}`, baseColour: `colour ${sum % 7}` };
};

/** One step in the life of a product. */
export type Step =
  | { readonly does: 'upsert'; readonly text: string; readonly image: string | null; readonly late: boolean }
  | { readonly does: 'delete' };

/** A stream without a fault: what was sent of each product, and what a publisher that keeps its promises says. */
export function rightStream(
  lives: readonly (readonly Step[])[],
  badEvents: number,
): {
  sent: Sent[];
  labels: LabelRecord[];
  deadLetters: TopicRecord[];
} {
  const sent: Sent[] = [];
  const labels: LabelRecord[] = [];
  const known = new Map<string, Readonly<Record<string, string>>>();

  function say(productId: string, version: number, revision: number, image: Modality, content: string): void {
    const tasks = labelled(content);
    const before: Readonly<Record<string, string>> = known.get(productId) ?? {};
    const changedTasks = Object.entries(tasks)
      .filter(([task, label]) => before[task] !== label)
      .map(([task]) => task);
    labels.push(labelsOf(productId, version, labels.length, { revision, image, tasks, changedTasks }));
    known.set(productId, tasks);
  }

  function live(productId: string, version: number, step: Step): void {
    if (step.does === 'delete') {
      sent.push(deletion(productId, version));
      if (known.delete(productId)) labels.push(tombstoneOf(productId, version, labels.length));
      return;
    }
    const { text, image, late } = step;
    const imageAtEnd = image === null ? 'MISSING' : 'USED';
    const revision = late && image !== null ? 1 : 0;
    sent.push(upsert(productId, version, { text, image, imageAtEnd }));
    if (revision > 0) say(productId, version, 0, 'PENDING', text);
    say(productId, version, revision, imageAtEnd, `${text}${image ?? ''}`);
  }

  // Round by round, so that the products' records stand between each other.
  const longest = Math.max(0, ...lives.map((steps) => steps.length));
  for (let round = 0; round < longest; round += 1) {
    for (const [product, steps] of lives.entries()) {
      const step = steps[round];
      if (step !== undefined) live(`p${product}`, round + 1, step);
    }
  }
  const refused = Array.from({ length: badEvents }, (_, i) => bad(i));
  return { sent: [...sent, ...refused], labels, deadLetters: refused.map(letterOf) };
}
