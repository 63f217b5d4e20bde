import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { engineStatus } from '@labelstream/local/engine';
import { LabelstreamError } from '@labelstream/shared/errors';
import { STAGE_NAMES } from '@labelstream/shared/stream/stage';
import type { CliConfig } from '../config.js';
import { openPipeline } from '../pipeline/open.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import { serviceName } from '../pipeline/report.js';
import { askService } from '../pipeline/service-api.js';
import { stageProcesses } from '../pipeline/stage-processes.js';
import { round } from '../round.js';
import { dataFolder } from '../source/data-folder.js';
import { type DriveDeps, drain, driveEvenly, driveFull, hear } from './drive.js';
import { openSoakPictures } from './pictures.js';
import { askRedis } from './redis.js';
import { reportOf, type SoakReport } from './report.js';
import { metricOf, type SamplerDeps, takeSample } from './sampler.js';
import { createRecorder } from './series.js';
import { createSoakTraffic, type SoakCounts } from './traffic.js';

export interface SoakOptions {
  readonly config: CliConfig;
  readonly minutes: number;
  /** Events a second; absent: `load` of the capacity, which is measured first. */
  readonly rate?: number;
  readonly load: number;
  readonly seed: number;
  readonly log: (line: string) => void;
  readonly onProgress: (elapsedSeconds: number, totalSeconds: number, detail: string) => void;
  readonly signal: AbortSignal;
}

/** All of them are created before anything is measured. */
const PRODUCTS = 1_000;
const PICTURES_KEPT = 2 * PRODUCTS;
const PARTITIONS = 4;
/** Far longer than an event is under way, far shorter than the warm-up of a soak. */
const CACHE_TTL_MS = 30_000;
const SETTINGS = { PIXEL_TTL_MS: String(CACHE_TTL_MS), TOKEN_TTL_MS: String(CACHE_TTL_MS) };

const WINDOW = 256;
const MEASURE_SECONDS = 40;
const POLL_MS = 100;

const SAMPLES = 120;
const SAMPLE_EVERY_SECONDS = { min: 1, max: 5 };
const DRAIN_MS = 60_000;

/** Starts a pipeline of its own, and watches it under an even load. Throws ENGINE_UNAVAILABLE where a service ends. */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const { config, seed, log, signal } = options;
  const pictures = await openSoakPictures({ folder: join(dataFolder(config), 'soak'), seed, keep: PICTURES_KEPT });
  try {
    const pipeline = await openPipeline({
      engine: 'auto',
      topicPrefix: `soak-${Date.now().toString(36)}.`,
      partitions: PARTITIONS,
      settings: { ...SETTINGS, IMAGE_FILE_ROOT: dataFolder(config) },
      log,
      config,
      signal,
    });
    try {
      if (pipeline.engine === 'memory') throw new LabelstreamError('ENGINE_UNAVAILABLE', 'in memory there are no processes to watch.');
      const traffic = createSoakTraffic({ seed, products: PRODUCTS, pictureUri: pictures.uri });
      const producer = await pipeline.broker.producer();
      return await soak(options, pipeline, { pipeline, producer, traffic, pictures, signal }).finally(() => producer.close());
    } finally {
      await pipeline.stop();
    }
  } finally {
    await pictures.close();
  }
}

async function soak(options: SoakOptions, pipeline: Pipeline, deps: DriveDeps): Promise<SoakReport> {
  const stopping = new AbortController();
  const signal = AbortSignal.any([options.signal, stopping.signal]);
  const hearing = hear({ ...deps, signal });
  const working = work(options, pipeline, { ...deps, signal });
  try {
    return await Promise.race([working, hearing, pipeline.failed]);
  } finally {
    stopping.abort();
    await Promise.allSettled([working, hearing]);
  }
}

async function work(options: SoakOptions, pipeline: Pipeline, deps: DriveDeps): Promise<SoakReport> {
  const { minutes, rate, load, seed, log } = options;
  const measured = await prepare(deps, options);
  const ratePerSecond = rate ?? round(measured * load);
  const seconds = minutes * 60;
  log(`${rate === undefined ? `capacity ${measured} events/s; ` : ''}${ratePerSecond} events/s for ${minutes} min`);
  const sampler = await openSampler(options, pipeline);
  const before = deps.traffic.counts();
  const sampling = sample(sampler, options, deps);
  await driveEvenly(ratePerSecond, seconds * 1000, deps).finally(sampling.stop);
  await Promise.all([sampling.done, drain(deps, DRAIN_MS)]);
  return reportOf({
    seconds,
    seed,
    products: PRODUCTS,
    capacityPerSecond: rate === undefined ? measured : null,
    ratePerSecond,
    counts: since(before, deps.traffic.counts()),
    picturesFailed: await countFailedPictures(sampler),
    settings: SETTINGS,
    series: sampler.recorder.series(),
  });
}

/**
 * Creates every product, and then measures events a second, both with as much under way as the services can use. What is left of it is
 * drained.
 */
async function prepare(deps: DriveDeps, { log, rate }: SoakOptions): Promise<number> {
  const { traffic } = deps;
  log(`creating ${PRODUCTS} products`);
  const ended = new AbortController();
  const signal = AbortSignal.any([deps.signal, ended.signal]);
  const heard = () => traffic.counts().labelled + traffic.counts().deleted;
  const fillAndMeasure = async () => {
    while (heard() < PRODUCTS) await sleep(POLL_MS, undefined, { signal });
    if (rate !== undefined) return rate;
    log(`measuring the capacity, ${MEASURE_SECONDS} s`);
    const before = heard();
    const fromMs = performance.now();
    await sleep(MEASURE_SECONDS * 1000, undefined, { signal });
    const perSecond = ((heard() - before) * 1000) / (performance.now() - fromMs);
    if (perSecond === 0) throw new LabelstreamError('STAGE_FAILED', 'nothing was published while the capacity was measured.');
    return round(perSecond);
  };
  const driving = driveFull(WINDOW, { ...deps, signal });
  try {
    return await Promise.race([fillAndMeasure(), driving]);
  } finally {
    ended.abort();
    await driving.catch(() => {});
    await drain(deps, DRAIN_MS);
  }
}

async function openSampler({ config }: SoakOptions, { topicPrefix }: Pipeline): Promise<SamplerDeps> {
  const processes = await stageProcesses(
    config.dataDir,
    STAGE_NAMES.map((stage) => serviceName(topicPrefix, stage)),
  );
  const { redisState, redisCache } = await engineStatus(config.dataDir);
  return {
    services: processes.flatMap(({ port, report }) => (port === undefined ? [] : [{ stage: report.name, port }])),
    redis: [
      { of: 'state', url: redisState },
      { of: 'cache', url: redisCache },
    ],
    askService: async (port) => (await askService(port))?.metricsText ?? null,
    askRedis,
    recorder: createRecorder(),
  };
}

/** Samples now and then, until it is stopped. */
function sample(sampler: SamplerDeps, { minutes, onProgress }: SoakOptions, { traffic, signal }: DriveDeps) {
  const totalSeconds = minutes * 60;
  const everySeconds = Math.max(SAMPLE_EVERY_SECONDS.min, Math.min(SAMPLE_EVERY_SECONDS.max, totalSeconds / SAMPLES));
  const stopped = new AbortController();
  const startedAt = performance.now();
  async function goOn(): Promise<void> {
    while (!stopped.signal.aborted) {
      const seconds = (performance.now() - startedAt) / 1000;
      await takeSample(sampler, seconds);
      onProgress(Math.round(seconds), totalSeconds, `${traffic.underWay()} under way`);
      await sleep(everySeconds * 1000, undefined, { signal: AbortSignal.any([signal, stopped.signal]) }).catch(() => {});
    }
  }
  const done = goOn();
  done.catch(() => {});
  return { done, stop: () => stopped.abort() };
}

async function countFailedPictures({ services, askService: ask }: SamplerDeps): Promise<number> {
  const ingest = services.find(({ stage }) => stage === 'ingest');
  const metricsText = ingest === undefined ? null : await ask(ingest.port);
  const inState = (state: string) =>
    metricOf(metricsText ?? '', 'labelstream_ingest_modalities_total', ['modality="image"', `state="${state}"`]) ?? 0;
  return inState('FAILED') + inState('PENDING');
}

const since = (before: SoakCounts, now: SoakCounts): SoakCounts => ({
  sent: now.sent - before.sent,
  labelled: now.labelled - before.labelled,
  deleted: now.deleted - before.deleted,
});
