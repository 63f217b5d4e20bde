import type { Bundle, EncoderManifest, FusionManifest } from '../bundle/manifest.js';
import { decodeTokenSequence } from '../tensor/token-sequence.js';
import { createEncoderModel, type ModelOptions, sequenceDims } from './encoder-model.js';
import { createFusionModel, type Prediction } from './fusion-model.js';

/** Model inputs of a listing; at least one must be there. */
export interface PredictorInput {
  /** uint8 [H, W, 3]. */
  readonly pixels?: Uint8Array;
  /** Special tokens included, not padded. */
  readonly tokenIds?: readonly number[];
}

/** Both bundles in one call. */
export interface Predictor {
  /** One prediction per input, in order; undefined where the model gave no finite answer or an input has no modality. */
  predict(inputs: readonly PredictorInput[]): Promise<(Prediction | undefined)[]>;
}

export interface PredictorOptions extends ModelOptions {
  readonly encoderBundle: Bundle<EncoderManifest>;
  readonly fusionBundle: Bundle<FusionManifest>;
}

/**
 * The way from model inputs to labels exactly as the services go it, storage in fp16 included, but in one process and without a cache.
 * `inference` needs the graphs `image`, `text` and `fusion`.
 */
export function createPredictor({ encoderBundle, fusionBundle, ...options }: PredictorOptions): Predictor {
  const encoder = createEncoderModel(encoderBundle, options);
  const fusion = createFusionModel(fusionBundle, encoderBundle, options);
  const dims = sequenceDims(encoderBundle.manifest);

  /** Encodes what is there and gives each input its own sequence, or nothing. */
  const encodeSome = async <T>(
    values: readonly (T | undefined)[],
    encode: (some: readonly T[]) => Promise<Uint8Array[]>,
    kind: 'image' | 'text',
  ) => {
    const stored = (await encode(values.filter((value): value is T & {} => value !== undefined))).values();
    return values.map((value) => (value === undefined ? undefined : decodeTokenSequence(stored.next().value ?? null, dims[kind])));
  };
  return {
    predict: async (inputs) => {
      const [images, texts] = await Promise.all([
        encodeSome(
          inputs.map(({ pixels }) => pixels),
          encoder.encodeImages,
          'image',
        ),
        encodeSome(
          inputs.map(({ tokenIds }) => tokenIds),
          encoder.encodeTexts,
          'text',
        ),
      ]);
      return fusion.fuse(inputs.map((_, at) => ({ ...(images[at] && { image: images[at] }), ...(texts[at] && { text: texts[at] }) })));
    },
  };
}
