/** Types of contracts/bundle/manifest.schema.json, which is the truth; see there for shapes and dtypes. */

/** Which modalities a listing has; calibration differs between them. */
export type ModalityPattern = 'complete' | 'imageOnly' | 'textOnly';

export interface PreprocessSpec {
  readonly width: number;
  readonly height: number;
  readonly channels: 3;
  readonly fit: 'contain';
  readonly kernel: 'lanczos3' | 'cubic';
  /** RGB, 0..255. */
  readonly background: readonly [number, number, number];
}

export interface TextSpec {
  readonly tokenizer: 'tokenizer.json';
  /** Tokens, special ones included. */
  readonly contextLength: number;
  readonly vocabularySize: number;
  readonly beginTokenId: number;
  readonly endTokenId: number;
  readonly padTokenId: number;
}

interface ManifestBase {
  readonly format: 1;
  readonly name: string;
  readonly files: Readonly<Record<string, { readonly sha256: string; readonly sizeBytes: number }>>;
  readonly tokenWidth: number;
  readonly embeddingWidth: number;
  readonly golden: { readonly file: 'golden.json'; readonly absoluteTolerance: number };
  readonly training: {
    readonly seed: number;
    readonly command: string;
    readonly trainedAt: string;
    readonly data: readonly string[];
    readonly parameters: number;
  };
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

export interface FusionManifest extends ManifestBase {
  readonly kind: 'fusion';
  readonly architecture: string;
  readonly generation: number;
  readonly requires: { readonly encoder: string };
  readonly graph: { readonly file: string; readonly multiplyAdds: number; readonly reads?: HeadReads };
  readonly tasks: readonly TaskSpec[];
  readonly metrics: Readonly<Record<string, unknown>>;
}

export type Manifest = EncoderManifest | FusionManifest;

/** A verified bundle on disk. */
export interface Bundle<M extends Manifest = Manifest> {
  /** `<name>@<first 12 hex digits of the SHA-256 of manifest.json>`. */
  readonly id: string;
  readonly directory: string;
  readonly manifest: M;
}
