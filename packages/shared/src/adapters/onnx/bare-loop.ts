import { InferenceSession, Tensor } from 'onnxruntime-node';
import { graphFiles } from '../../bundle/graphs.js';
import type { Bundle, EncoderManifest } from '../../bundle/manifest.js';

export interface BareLoopOptions {
  readonly bundle: Bundle<EncoderManifest>;
  /** Threads within one operator. */
  readonly threads: number;
  readonly batchSizes: readonly number[];
  /** Measured time per batch size, after a warm-up of a tenth of it. */
  readonly seconds: number;
  /** Token counts of the listings' texts; batches take them in turn and pad to their longest. */
  readonly textLengths: readonly number[];
}

export interface BareLoopResult {
  readonly batchSize: number;
  readonly listingsPerSecond: number;
}

/**
 * The encoder without anything around it: both towers on ready-made inputs, results thrown away, on the calling thread. The yardstick of
 * `bench encoder`; for a process without an inference thread. Results by batch size, the fastest first.
 */
export async function bareLoop({ bundle, threads, batchSizes, seconds, textLengths }: BareLoopOptions): Promise<BareLoopResult[]> {
  const files = graphFiles(bundle);
  const open = (path: string) =>
    InferenceSession.create(path, { intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: 'all', logSeverityLevel: 3 });
  const [image, text] = await Promise.all([open(files.image ?? ''), open(files.text ?? '')]);
  const results: BareLoopResult[] = [];
  for (const batchSize of batchSizes) {
    const inputs = makeInputs(bundle.manifest, batchSize, textLengths);
    const runFor = async (budgetMs: number) => {
      const startedMs = performance.now();
      let runs = 0;
      for (; performance.now() - startedMs < budgetMs; runs++) {
        await image.run(inputs.image);
        await text.run(inputs.texts[runs % inputs.texts.length] ?? {});
      }
      return (runs * batchSize * 1000) / (performance.now() - startedMs);
    };
    await runFor(seconds * 100);
    results.push({ batchSize, listingsPerSecond: await runFor(seconds * 1000) });
  }
  await Promise.all([image.release(), text.release()]);
  return results.sort((a, b) => b.listingsPerSecond - a.listingsPerSecond);
}

function makeInputs({ preprocess, text }: EncoderManifest, batchSize: number, textLengths: readonly number[]) {
  const { height, width, channels } = preprocess;
  const pixels = Uint8Array.from({ length: batchSize * height * width * channels }, (_, at) => (at * 31) % 251);
  const lengths = textLengths.length === 0 ? [text.contextLength] : textLengths;
  const texts = Array.from({ length: Math.ceil(lengths.length / batchSize) }, (_, at) =>
    padded(
      Array.from({ length: batchSize }, (_, row) => lengths[(at * batchSize + row) % lengths.length] ?? 1),
      text,
    ),
  );
  return { image: { pixels: new Tensor('uint8', pixels, [batchSize, height, width, channels]) }, texts };
}

function padded(lengths: readonly number[], { endTokenId, padTokenId }: EncoderManifest['text']): Record<string, Tensor> {
  const longest = Math.max(...lengths);
  const ids = new BigInt64Array(lengths.length * longest).fill(BigInt(padTokenId));
  const mask = new BigInt64Array(lengths.length * longest);
  lengths.forEach((length, row) => {
    ids.fill(BigInt(endTokenId), row * longest, row * longest + length);
    mask.fill(1n, row * longest, row * longest + length);
  });
  const dims = [lengths.length, longest];
  return { input_ids: new Tensor('int64', ids, dims), attention_mask: new Tensor('int64', mask, dims) };
}
