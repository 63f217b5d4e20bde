import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackfillStore } from '@labelstream/backfill/job/store';
import { type BackfillDriver, type Phase, type PhaseLoad, runPhases } from '../capacity/measure/phases.js';
import { scrapeStages } from '../capacity/measure/run.js';
import { round } from '../round.js';
import { type BenchListing, backfillSpec, messagesOf, writeBenchCatalogue } from './catalogue.js';
import { newBackfill, openDeployment } from './deployment.js';
import { createIdleShare } from './idle-share.js';
import type { BenchOptions, BenchResult } from './options.js';

/** What a running backfill does to the live lane, and how much of the machine it gets. */
export interface BackfillBenchReport {
  /** 99th percentile of the live lane, sending to label, with a saturating backfill ÷ without (mean of before and after). */
  readonly liveP99Ratio: number;
  /**
   * Listings/s of the backfill beside the live lane ÷ what the live lane leaves: what the backfill reaches alone, times the share of the machine
   * that is idle while live listings are alone. Listings that come one by one cost several times as much as those in full batches.
   */
  readonly backfillShareOfIdle: number;
  /** The same by listings: the backfill beside live ÷ (the backfill alone less the live listings). */
  readonly backfillShareByRate: number;
  readonly idleShareBesideLive: number;
  readonly liveP99Ms: { readonly before: number; readonly with: number; readonly after: number };
  readonly liveP50Ms: { readonly before: number; readonly with: number; readonly after: number };
  readonly livePerSecond: number;
  readonly backfillPerSecond: { readonly alone: number; readonly besideLive: number };
}

const PARTITIONS = 4;
const SETTLE_SECONDS = 10;
/** More than the services label in a second on two fast cores, which is 190; what is left over is not sent. */
const MOST_PER_SECOND = 500;
const NAME = 'saturating';

/**
 * A backfill by the real worker, with its flow control, beside a Poisson stream of live listings: live alone, both, backfill alone, live
 * alone, in one run over one deployment of one process per service.
 */
export async function benchBackfill(options: BenchOptions): Promise<BenchResult> {
  const { config, log, seed } = options;
  const loads = phaseLoads(options);
  const live = loads.reduce((sum, load) => sum + load.livePerSecond * (load.seconds + load.settleSeconds + 2), 0);
  const backfill = loads.reduce((sum, load) => sum + (load.hasBackfill ? MOST_PER_SECOND * (load.seconds + load.settleSeconds) : 0), 0);
  const folder = join(config.dataDir, 'bench-backfill');
  await rm(folder, { recursive: true, force: true });
  log(`drawing ${live + backfill} listings`);
  const { imageRoot, listings } = await writeBenchCatalogue({ folder, count: live + backfill, seed, widthPx: 120 });
  const topicPrefix = `bench-${Date.now().toString(36)}.`;
  const deployment = await openDeployment({ ...options, topicPrefix, partitions: PARTITIONS, settings: { IMAGE_FILE_ROOT: imageRoot } });
  try {
    const { pipeline, store } = deployment;
    const idleShare = createIdleShare();
    const phases = await runPhases(loads, {
      ...options,
      pipeline,
      messages: messagesOf(listings.slice(0, live)),
      backfill: pausedBetween(store, await specIn(folder, listings.slice(live))),
      scrape() {
        idleShare.look();
        return scrapeStages(pipeline, config.dataDir);
      },
    });
    return summarise(phases, idleShare.stretches(), options);
  } finally {
    await deployment.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const specIn = (folder: string, listings: readonly BenchListing[]) => backfillSpec(join(folder, 'listings.jsonl'), listings);

function phaseLoads({ liveRate: livePerSecond, seconds }: BenchOptions): readonly PhaseLoad[] {
  const settleSeconds = SETTLE_SECONDS;
  return [
    { name: 'live, before', livePerSecond, hasBackfill: false, settleSeconds, seconds },
    { name: 'both', livePerSecond, hasBackfill: true, settleSeconds, seconds: 2 * seconds },
    { name: 'backfill', livePerSecond: 0, hasBackfill: true, settleSeconds, seconds },
    { name: 'live, after', livePerSecond, hasBackfill: false, settleSeconds, seconds },
  ];
}

/** One backfill for all phases, paused where there is to be none. */
function pausedBetween(store: BackfillStore, spec: Awaited<ReturnType<typeof backfillSpec>>): BackfillDriver {
  return {
    async begin() {
      if ((await store.get(NAME)) === null) await store.create(newBackfill(NAME, 'listings', spec));
      else await store.change(NAME, 'resume');
    },
    async end() {
      await store.change(NAME, 'pause');
    },
  };
}

function summarise(phases: readonly Phase[], idle: readonly number[], { liveRate }: BenchOptions): BenchResult {
  const [before, both, alone, after] = phases as [Phase, Phase, Phase, Phase];
  const liveMs = (key: 'p50Ms' | 'p99Ms') => ({
    before: round(before.live[key] ?? Number.NaN, 1),
    with: round(both.live[key] ?? Number.NaN, 1),
    after: round(after.live[key] ?? Number.NaN, 1),
  });
  const liveP99Ms = liveMs('p99Ms');
  const idleShareBesideLive = ((idle[0] ?? Number.NaN) + (idle[3] ?? Number.NaN)) / 2;
  const leftByLive = alone.backfill.perSecond * idleShareBesideLive;
  const report: BackfillBenchReport = {
    liveP99Ratio: round(liveP99Ms.with / ((liveP99Ms.before + liveP99Ms.after) / 2), 2),
    backfillShareOfIdle: round(both.backfill.perSecond / leftByLive, 3),
    backfillShareByRate: round(both.backfill.perSecond / (alone.backfill.perSecond - both.live.perSecond), 3),
    idleShareBesideLive: round(idleShareBesideLive, 3),
    liveP99Ms,
    liveP50Ms: liveMs('p50Ms'),
    livePerSecond: round(both.live.perSecond, 1),
    backfillPerSecond: { alone: round(alone.backfill.perSecond, 1), besideLive: round(both.backfill.perSecond, 1) },
  };
  return {
    report,
    lines: [
      `live p99 at ${liveRate} listings/s: ${liveP99Ms.before} and ${liveP99Ms.after} ms alone, ${liveP99Ms.with} ms with a saturating backfill = ${report.liveP99Ratio}`,
      `backfill: ${report.backfillPerSecond.alone} listings/s alone, ${report.backfillPerSecond.besideLive} beside live = ${report.backfillShareOfIdle} of what live leaves`,
    ],
  };
}
