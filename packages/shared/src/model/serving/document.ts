import { LabelstreamError } from '../../errors.js';

/** A fusion bundle as it is asked for. */
export interface HeadRef {
  /** Its folder, absolute or from the repository root, or `s3://bucket/prefix`. */
  readonly bundle: string;
  /** Which bundle has to lie there. */
  readonly id: string;
}

/** A head whose labels are published. */
export interface RankedHead extends HeadRef {
  /** What its labels are ranked by, see the sink's `rank.ts`. */
  readonly generation: number;
}

/** What every fusion instance of a deployment is to serve. */
export interface Serving {
  readonly active: RankedHead;
  /** Labels `percent` (above 0, at most 100) of the products, always the same ones. */
  readonly canary?: RankedHead & { readonly percent: number };
  /** Sees what the active head sees; its labels are compared and never published. */
  readonly shadow?: HeadRef;
}

/** What was done, as people call it. */
export type ChangeKind = 'promote' | 'rollback' | 'canary' | 'stop-canary' | 'shadow' | 'stop-shadow';

/** A serving that was asked for. */
export interface Change {
  /** Grows with every change that is asked for, from 1 on. */
  readonly number: number;
  readonly kind: ChangeKind;
  readonly serving: Serving;
  /** Epoch milliseconds. */
  readonly askedAt: number;
}

/** A change that some instance could not take. */
export interface Rejection {
  readonly change: Change;
  readonly reasons: readonly { readonly member: string; readonly what: string }[];
  /** Epoch milliseconds. */
  readonly at: number;
}

/** A change that came into force. */
export interface Step {
  readonly number: number;
  readonly kind: ChangeKind;
  readonly active: RankedHead;
  /** Epoch milliseconds. */
  readonly at: number;
}

/**
 * What a deployment serves, and how it came to that. A change is first `next`: every instance loads and checks it while `current` serves.
 * Once all of them have, it becomes `current`; when one cannot, it is dropped. So an instance never has to serve what it has not got.
 */
export interface ServingDocument {
  readonly format: 1;
  /** Number of the change that is in force; 0: that of before there was any. */
  readonly applied: number;
  readonly current: Serving;
  readonly next?: Change;
  /** Number of the last change that was asked for. */
  readonly asked: number;
  /** No generation up to here is given out again, not even one whose change was rejected. */
  readonly highestGeneration: number;
  /** The last change that was rejected. */
  readonly rejected?: Rejection;
  /** Changes that came into force, oldest first; the beginning is one of them, with number 0. */
  readonly history: readonly Step[];
}

/** So many changes are remembered. */
const REMEMBERED = 50;

/** The document of a deployment that has been serving `active` without one. `at` in epoch milliseconds. */
export function beginServing(active: RankedHead, at: number): ServingDocument {
  return {
    format: 1,
    applied: 0,
    current: { active },
    asked: 0,
    highestGeneration: active.generation,
    history: [{ number: 0, kind: 'promote', active, at }],
  };
}

/** A head that is to be served, with the generation of its manifest: what is given out is larger. */
export type Candidate = HeadRef & { readonly manifestGeneration: number };

/** What can be asked for. */
export type Wish =
  | { readonly kind: 'promote'; readonly head: Candidate }
  | { readonly kind: 'rollback' }
  | { readonly kind: 'canary'; readonly head: Candidate; readonly percent: number }
  | { readonly kind: 'stop-canary' }
  | { readonly kind: 'shadow'; readonly head: HeadRef }
  | { readonly kind: 'stop-shadow' };

/** The document with the wish as its next change. Throws USAGE when it makes no sense now, or while another change is under way. */
export function askFor(document: ServingDocument, wish: Wish, askedAt: number): ServingDocument {
  if (document.next !== undefined) {
    throw refusal(`another change (${document.next.kind}, number ${document.next.number}) is under way; try again when it is through`);
  }
  const floor = 'head' in wish && 'manifestGeneration' in wish.head ? wish.head.manifestGeneration : 0;
  const generation = Math.max(document.highestGeneration, floor) + 1;
  const serving = servingOf(document, wish, generation);
  const number = document.asked + 1;
  const highestGeneration = Math.max(document.highestGeneration, serving.active.generation, serving.canary?.generation ?? 0);
  return { ...document, asked: number, highestGeneration, next: { number, kind: wish.kind, serving, askedAt } };
}

/** The next change is in force, when it is still the one of this number; else the document as it is. */
export function commitChange(document: ServingDocument, number: number, at: number): ServingDocument {
  const { next, ...rest } = document;
  if (next?.number !== number) return document;
  const step: Step = { number, kind: next.kind, active: next.serving.active, at };
  return { ...rest, applied: number, current: next.serving, history: [...document.history, step].slice(-REMEMBERED) };
}

/** The next change is dropped, when it is still the one of this number; else the document as it is. */
export function rejectChange(document: ServingDocument, number: number, reasons: Rejection['reasons'], at: number): ServingDocument {
  const { next, ...rest } = document;
  return next?.number === number ? { ...rest, rejected: { change: next, reasons, at } } : document;
}

/** `generation` is larger than any that was given out. */
function servingOf({ current, history }: ServingDocument, wish: Wish, generation: number): Serving {
  const shadow = current.shadow === undefined ? {} : { shadow: current.shadow };
  switch (wish.kind) {
    case 'promote':
      return withoutItself({ active: ranked(wish.head, generation), ...shadow });
    case 'rollback':
      return withoutItself({ active: ranked(lastBefore(current.active, history), generation), ...shadow });
    case 'canary':
      return { ...withCanary(current, wish, generation), ...shadow };
    case 'stop-canary':
      if (current.canary === undefined) throw refusal('there is no canary to stop');
      // The products of the canary go back to the active head, so its labels have to come after the canary's.
      return { active: ranked(current.active, generation), ...shadow };
    case 'shadow':
      if (wish.head.id === current.active.id) throw refusal(`${wish.head.id} is the active bundle; a shadow is another one`);
      return { ...current, shadow: headRef(wish.head) };
    case 'stop-shadow': {
      if (current.shadow === undefined) throw refusal('there is no shadow to stop');
      const { shadow: _, ...rest } = current;
      return rest;
    }
  }
}

/**
 * A canary that grows keeps its generation, as it only gains products. Where products go from an older canary (another bundle, or more of
 * them) back to the active head, both get new generations.
 */
function withCanary({ active, canary }: Serving, wish: Extract<Wish, { kind: 'canary' }>, generation: number): Serving {
  const { head, percent } = wish;
  if (!(percent > 0 && percent <= 100)) throw refusal('a canary gets more than 0 and at most 100 percent of the products');
  if (head.id === active.id) throw refusal(`${head.id} is the active bundle; a canary is another one`);
  if (canary === undefined) return { active, canary: { ...ranked(head, generation), percent } };
  const isSame = canary.id === head.id;
  if (isSame && percent === canary.percent) throw refusal(`${head.id} is the canary of ${percent} percent already`);
  if (isSame && percent > canary.percent) return { active, canary: { ...canary, percent } };
  return { active: ranked(active, generation), canary: { ...ranked(head, generation + 1), percent } };
}

/** A shadow that has become active has nothing left to be compared with. */
function withoutItself({ shadow, ...serving }: Serving): Serving {
  return shadow === undefined || shadow.id === serving.active.id ? serving : { ...serving, shadow };
}

/** The head that was active before the one that is. */
function lastBefore(active: HeadRef, history: readonly Step[]): HeadRef {
  const before = history.findLast((step) => step.active.id !== active.id);
  if (before === undefined) throw refusal('there is no earlier bundle to roll back to');
  return before.active;
}

const headRef = ({ bundle, id }: HeadRef): HeadRef => ({ bundle, id });
const ranked = (head: HeadRef, generation: number): RankedHead => ({ ...headRef(head), generation });

const refusal = (why: string) => new LabelstreamError('USAGE', `${why[0]?.toUpperCase()}${why.slice(1)}.`);
