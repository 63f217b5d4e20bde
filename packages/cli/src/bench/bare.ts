import { openInference } from '@labelstream/shared/adapters/onnx/inference';
import type { Bundle, EncoderManifest } from '@labelstream/shared/bundle/manifest';
import type { Tensor } from '@labelstream/shared/ports/inference';
import { randomIds, randomPixels } from './inputs.js';

/** What the bare loop reached at one batch size. */
export interface BareResult {
  readonly batchSize: number;
  readonly listingsPerSecond: number;
}

export interface BareOptions {
  readonly bundle: Bundle<EncoderManifest>;
  readonly threads: number;
  readonly batchSizes: readonly number[];
  /** Measured time per batch size, after one run that is not counted. */
  readonly secondsEach: number;
}

/**
 * The loop to compare the encoder service with: both CLIP towers, fed from memory, one batch after the other, nothing kept. The inference
 * worker is the service's own, so that what is compared is everything around it.
 */
export async function bareLoop({ bundle, threads, batchSizes, secondsEach }: BareOptions): Promise<BareResult[]> {
  const { image, text } = bundle.manifest.towers;
  const inference = await openInference({
    graphs: { image: `${bundle.directory}/${image.file}`, text: `${bundle.directory}/${text.file}` },
    threads,
    providers: ['cpu'],
  });
  const runBatch = async (size: number) => {
    await inference.run('image', { pixels: pixelBatch(bundle.manifest, size) });
    const ids = idBatch(bundle.manifest, size);
    await inference.run('text', { input_ids: ids, attention_mask: { ...ids, data: ids.data.map(() => 1n) } });
  };
  try {
    const results: BareResult[] = [];
    for (const batchSize of batchSizes) {
      await runBatch(batchSize);
      const startedAt = performance.now();
      let batches = 0;
      while (performance.now() - startedAt < secondsEach * 1000) {
        await runBatch(batchSize);
        batches++;
      }
      results.push({ batchSize, listingsPerSecond: (batches * batchSize * 1000) / (performance.now() - startedAt) });
    }
    return results;
  } finally {
    await inference.close();
  }
}

export const best = (results: readonly BareResult[]) => results.reduce((a, b) => (b.listingsPerSecond > a.listingsPerSecond ? b : a));

function pixelBatch({ preprocess }: EncoderManifest, size: number): Tensor {
  const { height, width, channels } = preprocess;
  const data = new Uint8Array(size * height * width * channels);
  for (let i = 0; i < size; i++) data.set(randomPixels(preprocess, i), i * height * width * channels);
  return { type: 'uint8', dims: [size, height, width, channels], data };
}

function idBatch({ text }: EncoderManifest, size: number): Extract<Tensor, { type: 'int64' }> {
  const rows = Array.from({ length: size }, (_, i) => randomIds(text, i));
  const length = Math.max(...rows.map((row) => row.length));
  const data = new BigInt64Array(size * length).fill(BigInt(text.padTokenId));
  rows.forEach((row, i) => data.set(row.map(BigInt), i * length));
  return { type: 'int64', dims: [size, length], data };
}
