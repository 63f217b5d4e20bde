import type { ProductLabels } from '@labelstream/shared/events/records';
import type { PlannedMessage } from './plan.js';

/** A dead letter as far as the account needs it. */
export interface DeadLetterNote {
  readonly key: string;
  readonly code: string;
}

/** Keeps count of what became of every message of a demo. */
export interface Account {
  sent(message: PlannedMessage, atMs: number): void;
  /** @param atMs when the label was appended to its topic, by the broker's or producer's clock */
  labelled(labels: ProductLabels, atMs: number): void;
  deleted(key: string, version: number): void;
  deadLettered(note: DeadLetterNote): void;
  /** Messages sent of which nothing has been heard; at the end these must be the ones that were dropped. */
  unheard(): number;
  /** The last labels of every product that is not deleted. */
  standing(): ReadonlyMap<string, ProductLabels>;
  deletedProducts(): number;
  deadLetters(): readonly DeadLetterNote[];
  /** From sending to the first label of that version, ascending, in milliseconds. */
  latenciesMs(): number[];
  /** Labels published, revisions included. */
  published(): number;
}

const idOf = (key: string, version: number) => `${key}\u0000${version}`;

export function createAccount(): Account {
  const sentAtMs = new Map<string, number>();
  const heard = new Set<string>();
  const standing = new Map<string, ProductLabels>();
  const deleted = new Set<string>();
  const deadLetters: DeadLetterNote[] = [];
  const latencies: number[] = [];
  let published = 0;

  const hear = (id: string) => {
    if (!sentAtMs.has(id) || heard.has(id)) return false;
    heard.add(id);
    return true;
  };

  /** A dead letter does not tell its version: it answers for the oldest message of its key that is still unheard of. */
  const hearOldest = (key: string) => {
    for (const id of sentAtMs.keys()) if (id.startsWith(`${key}\u0000`) && hear(id)) return;
  };

  return {
    sent: ({ key, version }, atMs) => sentAtMs.set(idOf(key, version), atMs),
    labelled(labels, atMs) {
      const id = idOf(labels.productId, labels.version);
      published++;
      standing.set(labels.productId, labels);
      deleted.delete(labels.productId);
      if (hear(id)) latencies.push(Math.max(0, atMs - (sentAtMs.get(id) ?? atMs)));
    },
    deleted(key, version) {
      standing.delete(key);
      deleted.add(key);
      hear(idOf(key, version));
    },
    deadLettered(note) {
      deadLetters.push(note);
      hearOldest(note.key);
    },
    unheard: () => sentAtMs.size - heard.size,
    standing: () => standing,
    deletedProducts: () => deleted.size,
    deadLetters: () => deadLetters,
    latenciesMs: () => latencies.toSorted((a, b) => a - b),
    published: () => published,
  };
}
