/**
 * What the checker works with. Nothing in this folder imports anything of the workspace: what is promised is judged by code that shares no
 * line, and so no mistake, with what is judged.
 */

/** What a consumer can see of a modality. */
export type Modality = 'USED' | 'MISSING' | 'PENDING' | 'FAILED';

/** A valid event that was sent. */
export interface SentListing {
  readonly kind: 'listing';
  readonly productId: string;
  readonly version: number;
  readonly op: 'UPSERT' | 'DELETE';
  /** Names what the text and the image show; equal names, equal content. Null where there is none. */
  readonly text: string | null;
  readonly image: string | null;
  /** State of the image when all is done. */
  readonly imageAtEnd: Modality;
}

/** An event that was sent to be refused. */
export interface SentBad {
  readonly kind: 'bad';
  readonly key: string;
  /** Unique within a run. */
  readonly bytes: Uint8Array;
  /** The error code that its dead letter must carry. */
  readonly code: string;
}

export type Sent = SentListing | SentBad;

/** A record of any topic, as it lies there. */
export interface TopicRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** The decision of one task. */
export interface SeenTask {
  readonly task: string;
  readonly label: string;
  readonly confidence: number;
  readonly abstained: boolean;
}

/** A decoded value of the label topic, as far as it is checked. */
export interface SeenLabels {
  readonly productId: string;
  readonly version: number;
  readonly revision: number;
  readonly generation: number;
  readonly image: Modality;
  readonly text: Modality;
  /** Whether the text was said not to fit the image. */
  readonly mismatched: boolean;
  /** Whether a title was proposed. */
  readonly suggested: boolean;
  readonly tasks: readonly SeenTask[];
  readonly changedTasks: readonly string[];
}

/** A record of the label topic. */
export type LabelRecord =
  | { readonly kind: 'labels'; readonly place: string; readonly key: string; readonly labels: SeenLabels }
  /** `version` is null where the tombstone does not say what it deletes. */
  | { readonly kind: 'tombstone'; readonly place: string; readonly key: string; readonly version: number | null }
  | { readonly kind: 'unreadable'; readonly place: string; readonly key: string; readonly why: string };

/** The four promises that a stream of labels can break. */
export const BREACHES = ['lost', 'duplicated', 'reordered', 'wrong'] as const;
export type Breach = (typeof BREACHES)[number];

/** One broken promise. */
export interface Violation {
  readonly breach: Breach;
  readonly productId: string;
  /** With the place in the topic where there is one: `partition/offset`. */
  readonly what: string;
}
