import { setTimeout as sleep } from 'node:timers/promises';
import type { Lane } from '@labelstream/shared/events/lane';
import { STAGE_NAMES, type StageName } from '@labelstream/shared/stream/stage';
import type { PlannedMessage } from '../../demo/plan.js';
import { percentile } from '../../demo/summary.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import { createRandom } from '../simulation/random.js';
import { between, type StageCounters } from './counters.js';

/** What was seen of a lane. Latency is from sending to the label being in its topic, by the same machine's clock. */
export interface LaneSeen {
  readonly listings: number;
  readonly perSecond: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly meanMs: number | null;
}

/** A stretch of time under one load. */
export interface Phase {
  readonly load: PhaseLoad;
  readonly seconds: number;
  readonly live: LaneSeen;
  readonly backfill: LaneSeen;
  readonly stages: Readonly<Record<StageName, StageCounters>>;
}

/** The load of a phase. The first `settleSeconds` are not counted. */
export interface PhaseLoad {
  readonly name: string;
  readonly livePerSecond: number;
  readonly hasBackfill: boolean;
  readonly settleSeconds: number;
  readonly seconds: number;
}

/** Fills the backfill lane in phases that have a backfill. */
export interface BackfillDriver {
  begin(): Promise<void>;
  end(): Promise<void>;
}

export interface PhasesDeps {
  readonly pipeline: Pick<Pipeline, 'broker' | 'codecs' | 'topics' | 'failed'>;
  /** Each is sent once, so that nothing is found in a cache. */
  readonly messages: readonly PlannedMessage[];
  /** Listings of the backfill lane that are kept under way, or who sends them instead. Of the latter no latency is known. */
  readonly backfill: { readonly window: number } | BackfillDriver;
  readonly scrape: () => Promise<Readonly<Record<StageName, StageCounters>>>;
  readonly seed: number;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

const TOP_UP_EVERY_MS = 50;
const LATE_LABELS_MS = 10_000;

/** Sends listings in both lanes, phase by phase, and watches their labels. Ends early when there are no listings left to send. */
export async function runPhases(loads: readonly PhaseLoad[], deps: PhasesDeps): Promise<Phase[]> {
  const stopping = new AbortController();
  const signal = AbortSignal.any([deps.signal, stopping.signal]);
  const traffic = createTraffic(deps);
  const backfill = 'window' in deps.backfill ? keepUnderWay(deps.backfill.window, traffic, signal) : deps.backfill;
  const watching = watchLabels(deps, traffic, signal);
  const phases: Phase[] = [];
  try {
    for (const load of loads) phases.push(await Promise.race([runPhase(load, traffic, backfill, deps), deps.pipeline.failed, watching]));
    return phases;
  } finally {
    stopping.abort();
    await watching.catch(() => {});
    await traffic.close();
  }
}

async function runPhase(load: PhaseLoad, traffic: Traffic, backfill: BackfillDriver, deps: PhasesDeps): Promise<Phase> {
  const { scrape, log, signal, seed } = deps;
  log(`${load.name}: ${load.livePerSecond} live listings/s${load.hasBackfill ? ' with a saturating backfill' : ''}, ${load.seconds} s`);
  const ended = new AbortController();
  const during = AbortSignal.any([signal, ended.signal]);
  const sending = sendLive(load.livePerSecond, traffic, seed, during);
  sending.catch(() => {});
  if (load.hasBackfill) await backfill.begin();
  try {
    await sleep(load.settleSeconds * 1000, undefined, { signal });
    const before = await scrape();
    const fromMs = Date.now();
    await sleep(load.seconds * 1000, undefined, { signal });
    const toMs = Date.now();
    const after = await scrape();
    // Labels of live listings sent in this phase come a little later; they belong to it.
    await traffic.untilLiveHeard(during);
    const seconds = (toMs - fromMs) / 1000;
    const stages = Object.fromEntries(STAGE_NAMES.map((stage) => [stage, between(before[stage], after[stage])]));
    return {
      load,
      seconds,
      live: traffic.seen('live', fromMs, toMs),
      backfill: traffic.seen('backfill', fromMs, toMs),
      stages: stages as Record<StageName, StageCounters>,
    };
  } finally {
    ended.abort();
    await sending.catch(() => {});
    if (load.hasBackfill) await backfill.end();
  }
}

/** A Poisson stream, by the clock: a late message does not delay the ones after it. */
async function sendLive(perSecond: number, traffic: Traffic, seed: number, signal: AbortSignal): Promise<void> {
  if (perSecond === 0) return;
  const random = createRandom(seed, 'arrivals');
  for (let atMs = performance.now(); !signal.aborted; ) {
    atMs += random.exponential(1000 / perSecond);
    await sleep(Math.max(0, atMs - performance.now()), undefined, { signal });
    // What waits for the message before it waits from its own time on.
    await traffic.send('live', 1, Math.floor(performance.timeOrigin + atMs));
  }
}

/** Sends the next listings of the plan whenever there is room. */
function keepUnderWay(window: number, traffic: Traffic, signal: AbortSignal): BackfillDriver {
  let ended = new AbortController();
  let sending: Promise<void> = Promise.resolve();

  async function topUp(during: AbortSignal): Promise<void> {
    for (;;) {
      await traffic.send('backfill', window - traffic.underWay('backfill'));
      await sleep(TOP_UP_EVERY_MS, undefined, { signal: during });
    }
  }

  return {
    async begin() {
      ended = new AbortController();
      sending = topUp(AbortSignal.any([signal, ended.signal])).catch(() => {});
    },
    async end() {
      ended.abort();
      await sending;
    },
  };
}

async function watchLabels({ pipeline }: PhasesDeps, traffic: Traffic, signal: AbortSignal): Promise<never> {
  for await (const { key, timestampMs } of pipeline.broker.read({ topic: pipeline.topics.of('labels'), follow: true, signal })) {
    if (key !== null) traffic.heard(key, timestampMs);
  }
  throw signal.reason;
}

type Traffic = ReturnType<typeof createTraffic>;

/** What was sent and heard of. */
function createTraffic({ pipeline, messages }: PhasesDeps) {
  const { broker, codecs, topics } = pipeline;
  const producer = broker.producer();
  const sent = new Map<string, { readonly lane: Lane; readonly atMs: number }>();
  const done: { readonly lane: Lane; readonly sentMs: number | null; readonly heardMs: number }[] = [];
  const underWay: Record<Lane, number> = { live: 0, backfill: 0 };
  let next = 0;

  const isWithin = (atMs: number, fromMs: number, toMs: number) => atMs >= fromMs && atMs < toMs;

  return {
    underWay: (lane: Lane) => underWay[lane],
    async send(lane: Lane, count: number, atMs = Date.now()) {
      const batch = messages.slice(next, next + count);
      next += batch.length;
      const records = batch.flatMap(({ key, payload }) => {
        sent.set(key, { lane, atMs });
        underWay[lane] += 1;
        const value = payload.form === 'bytes' ? payload.bytes : codecs.productEvent.encode(payload.event);
        return [{ topic: topics.of('events', lane), key, value }];
      });
      if (records.length > 0) await (await producer).send(records);
    },
    heard(key: string, heardMs: number) {
      const one = sent.get(key);
      if (one === undefined) {
        // Only the lane of the backfill has senders that are not asked.
        done.push({ lane: 'backfill', sentMs: null, heardMs });
        return;
      }
      sent.delete(key);
      underWay[one.lane] -= 1;
      done.push({ lane: one.lane, sentMs: one.atMs, heardMs });
    },
    async untilLiveHeard(signal: AbortSignal) {
      const since = Date.now();
      const isWaiting = () => [...sent.values()].some(({ lane, atMs }) => lane === 'live' && atMs < since);
      while (isWaiting() && Date.now() - since < LATE_LABELS_MS) await sleep(TOP_UP_EVERY_MS, undefined, { signal });
    },
    seen(lane: Lane, fromMs: number, toMs: number): LaneSeen {
      const ofLane = done.filter((one) => one.lane === lane);
      const latencies = ofLane.flatMap(({ sentMs, heardMs }) =>
        sentMs !== null && isWithin(sentMs, fromMs, toMs) ? [Math.max(0, heardMs - sentMs)] : [],
      );
      const ascending = latencies.toSorted((a, b) => a - b);
      const perSecond = (ofLane.filter(({ heardMs }) => isWithin(heardMs, fromMs, toMs)).length * 1000) / (toMs - fromMs);
      const meanMs = ascending.length === 0 ? null : ascending.reduce((sum, ms) => sum + ms, 0) / ascending.length;
      return { listings: ascending.length, perSecond, p50Ms: percentile(ascending, 0.5), p99Ms: percentile(ascending, 0.99), meanMs };
    },
    close: async () => (await producer).close(),
  };
}
