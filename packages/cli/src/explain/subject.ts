import type { LabelledTask, ModelRef } from '@labelstream/shared/events/records';
import type { TokenSequence } from '@labelstream/shared/tensor/token-sequence';
import type { Backdrop } from './picture.js';

/** A picture as the model and as a person sees it. */
export interface SubjectImage {
  /** uint8 [H, W, 3], as the model sees it. */
  readonly pixels: Uint8Array;
  readonly sequence: TokenSequence;
  readonly backdrop: Backdrop;
}

/** What is explained: a listing, its labels, and both its modalities as far as they are to be had. */
export interface Subject {
  readonly productId?: string;
  /** The text that the model reads; empty where there is none. */
  readonly text: string;
  readonly labels: readonly LabelledTask[];
  readonly imageTextMatch?: number;
  readonly mismatched: boolean;
  /** Made the labels. */
  readonly model: ModelRef;
  readonly image?: SubjectImage;
  readonly textSequence?: TokenSequence;
  /** What a reader should know of it. */
  readonly notes: readonly string[];
}
