import type { Bundle, EncoderManifest } from '../bundle/manifest.js';
import { tokenWidths } from '../bundle/token-widths.js';
import { LabelstreamError } from '../errors.js';
import type { Inference, RunResult, Tensor, Tensors } from '../ports/inference.js';
import { type ExpectedDims, encodeTokenSequence } from '../tensor/token-sequence.js';
import { bucketOf, computeInRuns, lengthBuckets, runSizes } from './buckets.js';

/** Called after each run, for metrics: rows computed and milliseconds inside the graph. */
export type RunObserver = (graph: string, rows: number, runMs: number) => void;

export interface ModelOptions {
  /** Graphs of the bundle, opened under `image` and `text`, or `fusion`. */
  readonly inference: Pick<Inference, 'run'>;
  /** Most rows of one run; the best value depends on the machine (`bench encoder`). */
  readonly maxRunSize: number;
  readonly onRun?: RunObserver;
}

/** The two CLIP towers: model inputs in, stored token sequences (tensor/token-sequence.ts) out. */
export interface EncoderModel {
  /** uint8 [H, W, 3] each, as the manifest's preprocessing makes them. */
  encodeImages(pixels: readonly Uint8Array[]): Promise<Uint8Array[]>;
  /** Token ids each, special tokens included, not padded. */
  encodeTexts(tokenIds: readonly (readonly number[])[]): Promise<Uint8Array[]>;
  /** Whether pixels or token ids can be given to the graphs at all. */
  fitsImage(pixels: Uint8Array): boolean;
  fitsText(tokenIds: readonly number[]): boolean;
  /** Runs the corner shapes once, so that the first listing does not pay for their memory. */
  warmUp(): Promise<void>;
}

/** Dims of the sequences that an encoder bundle makes. */
export function sequenceDims({ tokenWidth, embeddingWidth, towers, text }: EncoderManifest): { image: ExpectedDims; text: ExpectedDims } {
  const width = tokenWidths(tokenWidth);
  return {
    image: { width: width.image, embeddingWidth, maxCount: towers.image.tokenCount },
    text: { width: width.text, embeddingWidth, maxCount: text.contextLength },
  };
}

/** Builds the towers of a verified bundle over its opened graphs. */
export function createEncoderModel({ manifest }: Bundle<EncoderManifest>, { inference, maxRunSize, onRun }: ModelOptions): EncoderModel {
  const { preprocess, text, towers } = manifest;
  const widths = tokenWidths(manifest.tokenWidth);
  const pixelBytes = preprocess.width * preprocess.height * preprocess.channels;
  const buckets = lengthBuckets(text.contextLength);

  const runTower = async (graph: 'image' | 'text', inputs: Tensors, counts: readonly number[]): Promise<Uint8Array[]> => {
    const result = await inference.run(graph, inputs);
    onRun?.(graph, counts.length, result.runMs);
    return storeRows(result, counts, widths[graph]);
  };
  const encodeImages: EncoderModel['encodeImages'] = (pixels) =>
    computeInRuns(pixels, { bucket: () => pixelBytes, maxRunSize }, (run) =>
      runTower('image', { pixels: stackPixels(run, preprocess) }, new Array(run.length).fill(towers.image.tokenCount)),
    );
  const encodeTexts: EncoderModel['encodeTexts'] = (tokenIds) =>
    computeInRuns(tokenIds, { bucket: ({ length }) => bucketOf(length, buckets), maxRunSize }, (run) =>
      runTower(
        'text',
        padTexts(run, buckets, text.padTokenId),
        run.map(({ length }) => length),
      ),
    );
  return {
    encodeImages,
    encodeTexts,
    fitsImage: (pixels) => pixels.length === pixelBytes,
    fitsText: (ids) =>
      ids.length > 0 && ids.length <= text.contextLength && ids.every((id) => Number.isInteger(id) && id >= 0 && id < text.vocabularySize),
    warmUp: async () => {
      const corners = [...new Set([runSizes(maxRunSize).at(-1) ?? 1, 1])];
      for (const rows of corners) {
        await encodeImages(new Array(rows).fill(new Uint8Array(pixelBytes)));
        for (const length of buckets) await encodeTexts(new Array(rows).fill(new Array(length).fill(text.endTokenId)));
      }
    },
  };
}

function stackPixels(images: readonly Uint8Array[], { height, width, channels }: EncoderManifest['preprocess']): Tensor {
  const dims = [images.length, height, width, channels];
  const data = new Uint8Array(images.length * height * width * channels);
  images.forEach((image, row) => {
    data.set(image, row * height * width * channels);
  });
  return { type: 'uint8', dims, data };
}

/** Ids padded to the bucket of the longest, and the mask that says which are real. */
function padTexts(texts: readonly (readonly number[])[], buckets: readonly number[], padTokenId: number): Tensors {
  const length = bucketOf(Math.max(...texts.map((ids) => ids.length)), buckets);
  const dims = [texts.length, length];
  const ids = new BigInt64Array(texts.length * length).fill(BigInt(padTokenId));
  const mask = new BigInt64Array(texts.length * length);
  texts.forEach((tokens, row) => {
    for (let at = 0; at < tokens.length; at++) ids[row * length + at] = BigInt(tokens[at] as number);
    mask.fill(1n, row * length, row * length + tokens.length);
  });
  return { input_ids: { type: 'int64', dims, data: ids }, attention_mask: { type: 'int64', dims, data: mask } };
}

/** Each row's real tokens and embedding as they are stored. */
function storeRows({ outputs }: RunResult, counts: readonly number[], width: number): Uint8Array[] {
  const tokens = floats(outputs, 'tokens');
  const embedding = floats(outputs, 'embedding');
  const rowValues = tokens.length / counts.length;
  const embeddingWidth = embedding.length / counts.length;
  return counts.map((count, row) =>
    encodeTokenSequence(
      tokens.subarray(row * rowValues, (row + 1) * rowValues),
      count,
      width,
      embedding.subarray(row * embeddingWidth, (row + 1) * embeddingWidth),
    ),
  );
}

/** An fp32 output of a graph. Throws STAGE_FAILED when the graph does not have it. */
export function floats(outputs: Tensors, name: string): Float32Array {
  const tensor = outputs[name];
  if (tensor?.type !== 'float32') throw new LabelstreamError('STAGE_FAILED', `the graph has no fp32 output "${name}"`);
  return tensor.data;
}
