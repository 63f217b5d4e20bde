import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NewBackfill } from '@labelstream/backfill/job/backfill';
import { startEngine, stopEngine } from '@labelstream/local/engine';
import { LabelstreamError } from '@labelstream/shared/errors';
import { bundleFolder } from '../models/reference.js';
import { round } from '../round.js';
import { backfillSpec, writeBenchCatalogue } from './catalogue.js';
import { type Deployment, newBackfill, openDeployment } from './deployment.js';
import { listingMultiplyAdds } from './multiply-adds.js';
import type { BenchOptions, BenchResult } from './options.js';
import { steadyRate } from './steady-rate.js';

/** How much faster a catalogue is labelled anew from archived tokens than from its listings. */
export interface RelabelBenchReport {
  /** Listings/s from tokens ÷ listings/s of the full pipeline, in one run, with the default bundles. */
  readonly relabelOverPipeline: number;
  /** Multiply-adds of towers and head ÷ those of the head: what is possible where nothing but the model costs anything. */
  readonly relabelComputeRatio: number;
  /** As {@link relabelOverPipeline}, with bundles that have the shapes of ViT-B/32 and random weights. */
  readonly relabelOverPipelineVitB32: number;
  readonly relabelComputeRatioVitB32: number;
  /** Share of the listings whose labels from tokens are those of the full way, confidences included. */
  readonly relabelSameLabels: number;
  readonly listingsPerSecond: Readonly<Record<'default' | 'vitB32', { readonly pipeline: number; readonly relabel: number }>>;
}

interface Pair {
  readonly name: string;
  readonly encoder: string;
  readonly fusion: string;
  /** Listings per second that are about what two cores do: decides how many are drawn. */
  readonly expected: { readonly pipeline: number; readonly relabel: number };
}

interface Measured {
  readonly pipeline: number;
  readonly relabel: number;
  readonly sameLabels: number;
  readonly computeRatio: number;
}

const PARTITIONS = 4;
/** Half precision of the cache is what both ways read; batches of another size round otherwise. */
const CONFIDENCE_TOLERANCE = 0.005;

/** Labels listings the full way and from archived tokens, with the default bundles and with those of ViT-B/32's shapes. */
export async function benchRelabel(options: BenchOptions): Promise<BenchResult> {
  const { config, log } = options;
  const shapes = join(config.repositoryRoot, 'packages', 'cli', 'shapes');
  const byDefault: Pair = {
    name: 'default',
    encoder: await bundleFolder(config.encoderBundle, config),
    fusion: await bundleFolder(config.fusionBundle, config),
    expected: { pipeline: 150, relabel: 500 },
  };
  const vitB32: Pair = {
    name: 'vit-b32',
    encoder: join(shapes, 'encoder-vit-b32'),
    fusion: join(shapes, 'fusion-vit-b32'),
    expected: { pipeline: 20, relabel: 150 },
  };
  // Kept up in between, so that both ways meet the same Kafka and Redis.
  const engine = await startEngine({ dataDir: config.dataDir, log });
  try {
    return summarise(await measure(byDefault, options), await measure(vitB32, options));
  } finally {
    if (engine.started) await stopEngine(config.dataDir);
  }
}

async function measure(pair: Pair, options: BenchOptions): Promise<Measured> {
  const { config, log, seconds, seed } = options;
  const folder = join(config.dataDir, `bench-relabel-${pair.name}`);
  const archive = join(folder, 'archive');
  const [archived, prepared] = [pair.expected.relabel * seconds, pair.expected.pipeline * seconds];
  await rm(folder, { recursive: true, force: true });
  try {
    log(`${pair.name}: drawing ${archived + prepared} listings`);
    const { imageRoot, listings } = await writeBenchCatalogue({
      folder: join(folder, 'pictures'),
      count: archived + prepared,
      seed,
      widthPx: 120,
    });
    const [first, second] = [listings.slice(0, archived), listings.slice(archived)];
    const topicPrefix = `bench-${Date.now().toString(36)}.`;
    const common = { IMAGE_FILE_ROOT: imageRoot, ENCODER_BUNDLE: pair.encoder };
    const deploy = (settings: Readonly<Record<string, string>>) =>
      openDeployment({ ...options, topicPrefix, partitions: PARTITIONS, settings: { ...common, ...settings } });

    log(`${pair.name}: ${archived} listings into the archive`);
    const heads = await twoHeads(pair.fusion, folder);
    const filling = newBackfill('archive', 'listings', await backfillSpec(join(folder, 'archived.jsonl'), first));
    const before = await withDeployment(await deploy({ FUSION_BUNDLE: heads.older, TOKEN_ARCHIVE: archive }), (deployment) =>
      label(filling, archived, deployment, options),
    );
    return await withDeployment(await deploy({ FUSION_BUNDLE: heads.newer }), async (deployment) => {
      log(`${pair.name}: ${prepared} listings through the full pipeline`);
      const full = newBackfill('full', 'listings', await backfillSpec(join(folder, 'prepared.jsonl'), second));
      const pipeline = await label(full, prepared, deployment, options);
      log(`${pair.name}: ${archived} listings from their tokens`);
      const relabel = await label(newBackfill('tokens', 'tokens', { archive, untilMs: Date.now() }), archived, deployment, options);
      return {
        pipeline: pipeline.perSecond,
        relabel: relabel.perSecond,
        sameLabels: shareOfSame(before.labels, relabel.labels),
        computeRatio: computeRatio(await listingMultiplyAdds(pair)),
      };
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function withDeployment<T>(deployment: Deployment, act: (deployment: Deployment) => Promise<T>): Promise<T> {
  try {
    return await act(deployment);
  } finally {
    await deployment.stop();
  }
}

type Heads = Readonly<Record<'older' | 'newer', string>>;
interface HeadManifest {
  readonly generation: number;
  readonly tasks: readonly { readonly threshold: Readonly<Record<string, number | null>> }[];
}

/**
 * The head twice: an older one that abstains from every task, and a newer one as it is. What the newer one says is news for every listing, so that
 * it is published, and its labels and confidences are to be those of the older. Returns their folders.
 */
async function twoHeads(bundle: string, folder: string): Promise<Heads> {
  const copyAs = async (name: string, change: (manifest: HeadManifest) => HeadManifest) => {
    const copy = join(folder, name);
    await cp(bundle, copy, { recursive: true });
    const path = join(copy, 'manifest.json');
    await writeFile(path, JSON.stringify(change(JSON.parse(await readFile(path, 'utf8')) as HeadManifest)));
    return copy;
  };
  const abstaining = (task: HeadManifest['tasks'][number]) => ({
    ...task,
    threshold: Object.fromEntries(Object.keys(task.threshold).map((pattern) => [pattern, null])),
  });
  return {
    older: await copyAs('fusion-older', (manifest) => ({ ...manifest, tasks: manifest.tasks.map(abstaining) })),
    newer: await copyAs('fusion-newer', (manifest) => ({ ...manifest, generation: manifest.generation + 1 })),
  };
}

interface SaidOfTask {
  readonly label: string;
  readonly confidence: number;
}
/** What was said of each product, by task. */
type Said = ReadonlyMap<string, Readonly<Record<string, SaidOfTask>>>;

interface Labelled {
  readonly perSecond: number;
  readonly labels: Said;
}

/** Runs a backfill and waits until all its listings are labelled. */
async function label(backfill: NewBackfill, count: number, { pipeline, store }: Deployment, { signal }: BenchOptions): Promise<Labelled> {
  const labels = new Map<string, Readonly<Record<string, SaidOfTask>>>();
  const { broker, topics } = pipeline;
  const from = (await broker.describe([topics.of('labels')])).map(({ topic, partition, latest }) => ({ topic, partition, offset: latest }));
  const done = new AbortController();
  const during = AbortSignal.any([signal, done.signal]);

  async function* arrivals() {
    for await (const { key, value, timestampMs } of broker.read({ topic: topics.of('labels'), from, follow: true, signal: during })) {
      if (key === null || value === null) continue;
      const record = await pipeline.codecs.labels.decode(value);
      labels.set(key, Object.fromEntries(record.labels.map(({ task, label, confidence }) => [task, { label, confidence }])));
      yield timestampMs;
    }
  }

  await store.create(backfill);
  try {
    const perSecond = await Promise.race([steadyRate(arrivals(), count), pipeline.failed, failureOf(backfill, store, during)]);
    return { perSecond, labels };
  } finally {
    done.abort();
  }
}

const LOOK_EVERY_MS = 1000;

/** Rejects when a backfill cannot go on. */
async function failureOf({ name }: NewBackfill, store: Deployment['store'], signal: AbortSignal): Promise<never> {
  for (;;) {
    await sleep(LOOK_EVERY_MS, undefined, { signal });
    const backfill = await store.get(name);
    if (backfill?.state === 'failed') throw new LabelstreamError('SOURCE_INVALID', `the backfill ${name} failed: ${backfill.reason ?? ''}`);
  }
}

/** Share of the products of which the same was said: label by label, with confidences that differ by rounding only. */
export function shareOfSame(before: Said, after: Said): number {
  const same = [...before].filter(([id, labels]) => {
    const now = after.get(id) ?? {};
    const isSame = ([task, { label, confidence }]: [string, SaidOfTask]) =>
      now[task]?.label === label && Math.abs(now[task].confidence - confidence) <= CONFIDENCE_TOLERANCE;
    return Object.keys(now).length === Object.keys(labels).length && Object.entries(labels).every(isSame);
  });
  return same.length / Math.max(1, before.size);
}

const computeRatio = ({ towers, head }: { readonly towers: number; readonly head: number }) => (towers + head) / head;

function summarise(byDefault: Measured, vitB32: Measured): BenchResult {
  const ratio = ({ relabel, pipeline }: Measured) => round(relabel / pipeline, 2);
  const rates = ({ relabel, pipeline }: Measured) => ({ pipeline: round(pipeline, 1), relabel: round(relabel, 1) });
  const report: RelabelBenchReport = {
    relabelOverPipeline: ratio(byDefault),
    relabelComputeRatio: round(byDefault.computeRatio, 2),
    relabelOverPipelineVitB32: ratio(vitB32),
    relabelComputeRatioVitB32: round(vitB32.computeRatio, 2),
    relabelSameLabels: round(Math.min(byDefault.sameLabels, vitB32.sameLabels), 4),
    listingsPerSecond: { default: rates(byDefault), vitB32: rates(vitB32) },
  };
  const line = (name: string, measured: Measured) =>
    `${name}: ${rates(measured).relabel} listings/s from tokens ÷ ${rates(measured).pipeline} the full way = ${ratio(measured)} (multiply-adds ${round(measured.computeRatio, 2)}), ${round(measured.sameLabels * 100, 2)} % with the same labels`;
  return { report, lines: [line('default bundles', byDefault), line('shapes of ViT-B/32', vitB32)] };
}
