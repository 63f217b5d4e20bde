/** Types of contracts/bundle/manifest.schema.json, which is the truth; see there for shapes and dtypes. */

/** Which modalities a listing has; calibration differs between them. */
export type ModalityPattern = 'complete' | 'imageOnly' | 'textOnly';

export interface PreprocessSpec {
  readonly width: number;
  readonly height: number;
  readonly channels: 3;
  readonly fit: 'contain' | 'cover';
  readonly kernel: 'lanczos3' | 'cubic';
  /** RGB, 0..255. */
  readonly background: readonly [number, number, number];
}

export interface TextSpec {
  readonly tokenizer: 'tokenizer.json';
  /** What is done to a text before the tokeniser reads it; absent: nothing. */
  readonly clean?: 'open-clip';
  /** Tokens, special ones included. */
  readonly contextLength: number;
  readonly vocabularySize: number;
  readonly beginTokenId: number;
  readonly endTokenId: number;
  readonly padTokenId: number;
}

/** Features of a token: one number where both towers have the same. */
export type TokenWidth = number | { readonly image: number; readonly text: number };

interface AnyManifest {
  readonly format: 1;
  readonly name: string;
  readonly files: Readonly<Record<string, { readonly sha256: string; readonly sizeBytes: number }>>;
  readonly golden: { readonly file: 'golden.json'; readonly absoluteTolerance: number };
  readonly training: {
    readonly seed: number;
    readonly command: string;
    readonly trainedAt: string;
    readonly data: readonly string[];
    readonly parameters: number;
  };
}

interface ManifestBase extends AnyManifest {
  readonly tokenWidth: TokenWidth;
  readonly embeddingWidth: number;
}

export interface EncoderManifest extends ManifestBase {
  readonly kind: 'encoder';
  readonly preprocess: PreprocessSpec;
  readonly text: TextSpec;
  readonly towers: {
    readonly image: { readonly file: string; readonly tokenCount: number; readonly multiplyAdds: number };
    readonly text: { readonly file: string; readonly multiplyAdds: number };
  };
  /** What cosines of the embeddings were multiplied with in the contrastive loss; absent in older bundles. */
  readonly contrastiveScale?: number;
}

/** What a head is given of each modality: the token sequence, or the CLIP embedding as a sequence of one token. */
export type HeadReads = 'tokens' | 'embeddings';

export interface TaskSpec {
  readonly name: string;
  readonly labels: readonly string[];
  readonly paths?: Readonly<Record<string, readonly string[]>>;
  /** What the labels are called in a taxonomy that others know. */
  readonly category?: {
    readonly taxonomy: string;
    readonly byLabel: Readonly<Record<string, { readonly id: string; readonly path: readonly string[] }>>;
  };
  /** The labels are all categories of the taxonomy that `paths` describes, and are walked from its root. */
  readonly walk?: { readonly beam: number };
  readonly targetPrecision: number;
  readonly temperature: Readonly<Record<ModalityPattern, number>>;
  /** null: always abstain. */
  readonly threshold: Readonly<Record<ModalityPattern, number | null>>;
}

/** From which cosine of the two CLIP embeddings on a listing's image and text are taken to belong together; see the schema for the figures. */
export interface MatchSpec {
  readonly threshold: number;
  /** Shares of 1: genuine pairs below the threshold, shuffled ones below it, shuffled ones found where 2 % of the genuine ones are lost. */
  readonly falseAlarms: number;
  readonly found: number;
  readonly foundAt2Percent: number;
  /** Area under the ROC curve of genuine against shuffled pairs. */
  readonly auroc: number;
}

/** Where the patches that image tokens stand for lie on the model's picture, in its pixels from the upper left corner; row by row. */
export interface PatchGrid {
  readonly columns: number;
  readonly rows: number;
  /** From the middle of a patch to the middle of the next one, either way. */
  readonly stepPx: number;
  /** The middle of the first patch, from both sides. */
  readonly firstCentrePx: number;
}

/** The graph tells its attention; see the schema. */
export interface AttentionSpec extends PatchGrid {
  /** Where in the head it comes from, for people. */
  readonly source: string;
}

export interface FusionManifest extends ManifestBase {
  readonly kind: 'fusion';
  readonly architecture: string;
  readonly generation: number;
  readonly requires: { readonly encoder: string };
  readonly graph: { readonly file: string; readonly multiplyAdds: number; readonly reads?: HeadReads; readonly attention?: AttentionSpec };
  readonly tasks: readonly TaskSpec[];
  /** Absent: image and text are never taken to be strangers. */
  readonly match?: MatchSpec;
  readonly metrics: Readonly<Record<string, unknown>>;
}

/** How titles are decoded. */
export interface DecodingSpec {
  /** Places in the manifest's vocabulary. */
  readonly beginTokenId: number;
  readonly endTokenId: number;
  /** Most tokens of a title, the end token included. */
  readonly maxTokens: number;
  /** What logits are divided by before they become probabilities. */
  readonly temperature: number;
  /** Mean probability of a title's tokens from which it is proposed. */
  readonly minConfidence: number;
}

export interface CaptionManifest extends AnyManifest {
  readonly kind: 'caption';
  readonly architecture: string;
  readonly requires: { readonly encoder: string };
  readonly graphs: Readonly<Record<'prefix' | 'step', { readonly file: string; readonly multiplyAdds: number }>>;
  readonly imageTokenWidth: number;
  /** Shape of the kept keys and values: layers that attend to the tokens so far, and those of them that attend to the image's queries. */
  readonly cache: {
    readonly layers: number;
    readonly crossLayers: number;
    readonly heads: number;
    readonly headWidth: number;
    readonly queries: number;
  };
  /** What each of the decoder's tokens is in a title, by its id; special ones are empty. */
  readonly vocabulary: readonly string[];
  readonly decoding: DecodingSpec;
  readonly metrics: Readonly<Record<string, unknown>>;
}

export type Manifest = EncoderManifest | FusionManifest | CaptionManifest;

/** A verified bundle on disk. */
export interface Bundle<M extends Manifest = Manifest> {
  /** `<name>@<first 12 hex digits of the SHA-256 of manifest.json>`. */
  readonly id: string;
  readonly directory: string;
  readonly manifest: M;
}
