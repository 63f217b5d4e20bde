import type { Lane } from './lane.js';
import type { Listing, ProductOp } from './product-event.js';

/** What became of a modality. `PENDING`: the image may still come and the listing will pass again as its next revision. */
export const MODALITY_STATES = ['USED', 'MISSING', 'PENDING', 'FAILED'] as const;
export type ModalityState = (typeof MODALITY_STATES)[number];

/** Common to every record between the stages. */
export interface RecordHead {
  readonly productId: string;
  readonly version: number;
  /** 0 for the first pass of a version; grows when a late image makes the listing pass again. */
  readonly revision: number;
  readonly op: ProductOp;
  readonly lane: Lane;
  readonly listing: Listing;
  /** Epoch milliseconds. */
  readonly occurredAt: number;
  /** Epoch milliseconds at which ingest took the event: the start of "event to label". */
  readonly receivedAt: number;
}

/** A modality that has content: where its claim check lies. */
export interface ModalityRef {
  readonly state: ModalityState;
  /** Hex SHA-256 of the content (image bytes, or the UTF-8 text that was tokenised); absent unless `state` is USED. */
  readonly sha256?: string;
  /** Error code, absent when USED or MISSING. */
  readonly reason?: string;
}

/** A further image of a listing that could be had. */
export interface ImageCandidate {
  /** Position, from 0, among the images of the listing. */
  readonly index: number;
  /** Hex SHA-256 of the image's bytes. */
  readonly sha256: string;
}

/** The images of a listing while it is open which of them is used. */
export interface ImageChoice {
  /** The first image that could be had. */
  readonly image: ModalityRef;
  /** Position, from 0, of `image` among the images of the listing; absent unless `image.state` is USED, and in records of version 1. */
  readonly imageIndex?: number;
  /** Further images, in order of preference. Empty without text, with which they are compared. */
  readonly candidates: readonly ImageCandidate[];
}

/** `listings.prepared`: model inputs. For a DELETE both modalities are MISSING. Pixels wait in the cache under `px:{preprocessId}:{sha256}`. */
export interface PreparedListing extends RecordHead, ImageChoice {
  readonly text: ModalityRef;
  /** Token ids with special tokens, truncated, not padded; empty unless `text.state` is USED. */
  readonly tokenIds: readonly number[];
  readonly preprocessId: string;
}

/** `listings.encoded`: token sequences wait in the cache under `tok:{encoderId}:img|txt:{sha256}`. */
export interface EncodedListing extends RecordHead, ImageChoice {
  readonly text: ModalityRef;
  readonly encoderId: string;
}

/** One candidate label of a task. */
export interface ScoredLabel {
  readonly label: string;
  /** Calibrated probability, 0..1. */
  readonly confidence: number;
}

/** A label's category in a taxonomy that others know. */
export interface Category {
  /** Name of the taxonomy, for example `google-product-taxonomy`. */
  readonly taxonomy: string;
  /** As the taxonomy has it. */
  readonly id: string;
  /** From the root. */
  readonly path: readonly string[];
}

/** A task's decision. */
export interface LabelledTask {
  readonly task: string;
  /** The most likely label, also when abstained. */
  readonly label: string;
  /** Taxonomy path from the root, when the bundle has one for this label. */
  readonly path?: readonly string[];
  /** What the label is called in a taxonomy that others know, when the bundle says so. */
  readonly category?: Category;
  readonly confidence: number;
  /** True when the confidence is below the threshold that holds the task's target precision. */
  readonly abstained: boolean;
  /** Next best labels, most likely first. */
  readonly alternatives: readonly ScoredLabel[];
  /** Modality-wise attention weights of the task; they sum to 1. */
  readonly imageWeight: number;
  readonly textWeight: number;
}

/** The models that made a record. */
export interface ModelRef {
  /** Bundle ids. */
  readonly encoder: string;
  readonly fusion: string;
  /** Grows with every promoted fusion bundle. */
  readonly generation: number;
}

/** A title that a captioning model proposes for a listing without one. It is for people: no label is made from it. */
export interface SuggestedTitle {
  readonly text: string;
  /** Mean probability of its tokens, 0..1: how likely the words follow one another, not how likely the title is true. */
  readonly tokenConfidence: number;
  /** Id of the caption bundle. */
  readonly model: string;
}

/** `listings.predicted`. For a DELETE `labels` is empty. */
export interface PredictedListing extends RecordHead {
  readonly image: ModalityRef;
  readonly text: ModalityRef;
  readonly labels: readonly LabelledTask[];
  /** Cosine similarity of the two CLIP embeddings, when both modalities are there. */
  readonly imageTextMatch?: number;
  /** The two do not belong together by the bundle's threshold: the labels are made from the image alone, although the text is there. */
  readonly mismatched: boolean;
  /** Position, from 0, of the image that was used among the images of the listing; absent without an image, and in records of version 2. */
  readonly imageIndex?: number;
  /** Only where captions are switched on, and for a listing with an image and without a text that fits it. */
  readonly suggestedTitle?: SuggestedTitle;
  /** Fused embedding, L2-normalised fp32. */
  readonly embedding: readonly number[];
  readonly model: ModelRef;
}

/** `product.labels`: what downstream consumers read. A deleted product becomes a tombstone (null value). */
export interface ProductLabels {
  readonly productId: string;
  readonly version: number;
  readonly revision: number;
  readonly labels: readonly LabelledTask[];
  readonly image: ModalityState;
  readonly text: ModalityState;
  readonly imageTextMatch?: number;
  /** See PredictedListing; `text` is USED all the same, with a weight of 0 in every label. */
  readonly mismatched: boolean;
  readonly imageIndex?: number;
  /** See PredictedListing. */
  readonly suggestedTitle?: SuggestedTitle;
  /** Tasks whose label or abstention differs from what was published before; all of them the first time. */
  readonly changedTasks: readonly string[];
  readonly model: ModelRef;
  readonly lane: Lane;
  /** Epoch milliseconds. */
  readonly labelledAt: number;
  /** Epoch milliseconds of the event, and of its arrival in ingest: the latency of a label is `labelledAt - receivedAt`. */
  readonly occurredAt: number;
  readonly receivedAt: number;
}

/** `product.labels.<task>`. */
export interface TaskLabel extends LabelledTask {
  readonly productId: string;
  readonly version: number;
  readonly revision: number;
  readonly model: ModelRef;
  readonly labelledAt: number;
}

/** `product.embeddings`. */
export interface ProductEmbedding {
  readonly productId: string;
  readonly version: number;
  readonly revision: number;
  readonly embedding: readonly number[];
  readonly model: ModelRef;
  readonly labelledAt: number;
}
