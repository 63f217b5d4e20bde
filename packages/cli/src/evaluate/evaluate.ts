import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { openPreparation, type Preparation } from '@labelstream/ingest/preparation';
import { openInference } from '@labelstream/shared/adapters/onnx/inference';
import { checkPair, loadBundle } from '@labelstream/shared/bundle/load';
import { isLabelstreamError } from '@labelstream/shared/errors';
import type { ProductEvent } from '@labelstream/shared/events/product-event';
import { createPredictor, type Predictor, type PredictorInput } from '@labelstream/shared/model/predictor';
import type { DemoPlan } from '../demo/plan.js';
import { round } from '../round.js';
import { type Swap, swapListings } from '../source/swap.js';
import { type Judged, measure, type TaskMetrics } from './metrics.js';

export interface EvaluateOptions {
  readonly plan: DemoPlan;
  /** What every listing gets from another one; its truth stays its own. */
  readonly swap?: Swap;
  readonly encoderBundle: string;
  readonly fusionBundle: string;
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/** What `evaluate --json` prints. */
export interface EvaluationReport {
  readonly listings: number;
  /** Listings by the modalities they were labelled from; `neither` are not labelled and count as wrong nowhere. */
  readonly modalities: Readonly<Record<'complete' | 'imageOnly' | 'textOnly' | 'neither', number>>;
  /** Complete listings whose text was taken for another's, and which were labelled from the image alone. */
  readonly mismatched: number;
  readonly model: { readonly encoder: string; readonly fusion: string; readonly generation: number };
  readonly tasks: Readonly<Record<string, TaskMetrics>>;
  readonly seconds: number;
  readonly listingsPerSecond: number;
}

const BATCH = 64;
const LIMITS = { maxTextBytes: 64 * 1024, maxPixels: 50_000_000, decodeConcurrency: 2 };

/**
 * Preprocessing, encoder and fusion in one process, by the same code as the services, without Kafka. A listing's truth is judged wherever
 * its row has a column named like a task. Throws BUNDLE_INVALID, BUNDLE_MISMATCH.
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationReport> {
  const { plan, swap, signal, onProgress } = options;
  const startedAt = performance.now();
  const judged = new Map<string, Judged[]>();
  let mismatched = 0;
  const modalities = { complete: 0, imageOnly: 0, textOnly: 0, neither: 0 };
  const own = plan.messages.flatMap(({ payload }) => (payload.form === 'event' ? [payload.event] : []));
  const all = swap === undefined ? own : swapListings(own, swap);
  const model = await openModel(options);
  try {
    for (let at = 0; at < all.length; at += BATCH) {
      signal.throwIfAborted();
      const events = all.slice(at, at + BATCH);
      const inputs = await Promise.all(events.map((event) => prepare(event, model.preparation)));
      for (const input of inputs) modalities[patternOf(input)]++;
      const predictions = await model.predictor.predict(inputs);
      mismatched += predictions.filter((prediction) => prediction?.mismatched).length;
      judge(events, predictions, model.tasks, plan.truth, judged);
      onProgress(Math.min(at + BATCH, all.length), all.length);
    }
  } finally {
    await model.close();
  }
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    listings: plan.listings,
    modalities,
    mismatched,
    model: model.ref,
    tasks: Object.fromEntries(model.tasks.map((task) => [task, measure(judged.get(task) ?? [])])),
    seconds: round(seconds),
    listingsPerSecond: round(plan.listings / seconds),
  };
}

interface Model {
  readonly preparation: Preparation;
  readonly predictor: Predictor;
  readonly tasks: readonly string[];
  readonly ref: EvaluationReport['model'];
  close(): Promise<void>;
}

async function openModel({ encoderBundle, fusionBundle, threads }: EvaluateOptions): Promise<Model> {
  const encoder = await loadBundle(encoderBundle, 'encoder');
  const fusion = await loadBundle(fusionBundle, 'fusion');
  checkPair(encoder, fusion);
  const { image, text } = encoder.manifest.towers;
  const graphs = {
    image: `${encoder.directory}/${image.file}`,
    text: `${encoder.directory}/${text.file}`,
    fusion: `${fusion.directory}/${fusion.manifest.graph.file}`,
  };
  const inference = await openInference({ graphs, threads, providers: ['cpu'] });
  return {
    preparation: await openPreparation(encoder, LIMITS),
    predictor: createPredictor({ encoderBundle: encoder, fusionBundle: fusion, inference, maxRunSize: BATCH }),
    tasks: fusion.manifest.tasks.map(({ name }) => name),
    ref: { encoder: encoder.id, fusion: fusion.id, generation: fusion.manifest.generation },
    close: () => inference.close(),
  };
}

/** Model inputs of an event; a picture that is not there or no picture is a missing modality, as in the pipeline. */
async function prepare(event: ProductEvent, { text, pixels }: Preparation): Promise<PredictorInput> {
  const { tokenIds } = text(event);
  const bytes = await readImage(event.images[0]?.uri);
  const image = bytes && (await pixels(bytes).catch(orMissing));
  return { ...(image && { pixels: image }), ...(tokenIds.length > 0 && { tokenIds }) };
}

async function readImage(uri: string | undefined): Promise<Uint8Array | undefined> {
  if (uri === undefined || !uri.startsWith('file:')) return undefined;
  return readFile(fileURLToPath(uri)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

function orMissing(error: unknown): undefined {
  if (isLabelstreamError(error) && !error.retriable) return undefined;
  throw error;
}

function patternOf({ pixels, tokenIds }: PredictorInput): keyof EvaluationReport['modalities'] {
  if (pixels !== undefined) return tokenIds === undefined ? 'imageOnly' : 'complete';
  return tokenIds === undefined ? 'neither' : 'textOnly';
}

function judge(
  events: readonly ProductEvent[],
  predictions: Awaited<ReturnType<Predictor['predict']>>,
  tasks: readonly string[],
  truth: DemoPlan['truth'],
  judged: Map<string, Judged[]>,
): void {
  events.forEach(({ productId }, at) => {
    for (const task of tasks) {
      const right = truth.get(productId)?.[task];
      const label = predictions[at]?.labels.find((each) => each.task === task);
      if (right === undefined || label === undefined) continue;
      const rows = judged.get(task) ?? [];
      judged.set(task, rows);
      rows.push({ truth: right, ...label });
    }
  });
}
