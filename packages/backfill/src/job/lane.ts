import { describeError } from '@labelstream/shared/errors';
import type { LanedTopic, TopicNames } from '@labelstream/shared/events/topics';
import type { Broker } from '@labelstream/shared/ports/broker';
import type { Codecs } from '@labelstream/shared/ports/codec';
import { groupIdOf } from '@labelstream/shared/service/group-id';
import { measureLag } from '@labelstream/shared/stream/lag';
import { STAGE_NAMES, type StageName } from '@labelstream/shared/stream/stage';
import { sleep } from '@labelstream/shared/stream/wake-up';
import type { Logger } from 'pino';

/** What the stages consume. */
const INPUT: Readonly<Record<StageName, LanedTopic>> = { ingest: 'events', encoder: 'prepared', fusion: 'encoded', sink: 'predicted' };

export interface LaneDeps {
  readonly broker: Pick<Broker, 'describe' | 'committed' | 'read'>;
  readonly topics: TopicNames;
  readonly codecs: Pick<Codecs, 'labels'>;
  readonly topicPrefix: string;
  readonly log: Logger;
}

/** Measures how full the lanes are and how fast the live lane is. */
export interface LaneMeter {
  /** Begins to watch the live lane with the first call. Throws BROKER_UNAVAILABLE. */
  measure(): Promise<{ readonly inFlight: number; readonly liveLag: number; readonly liveLatencyMs: number | null }>;
  close(): void;
}

/** Creates a meter that measures nothing by itself. */
export function createLaneMeter(deps: LaneDeps): LaneMeter {
  const window = createLatencyWindow();
  const closed = new AbortController();
  let isWatching = false;
  return {
    async measure() {
      if (!isWatching) void watchLiveLatency(deps, window, closed.signal);
      isWatching = true;
      const { live, backfill } = await measureLanes(deps);
      return { inFlight: backfill, liveLag: live, liveLatencyMs: window.p99(Date.now()) };
    },
    close: () => closed.abort(),
  };
}

/** Messages that are not through, all stages together, by lane. Throws BROKER_UNAVAILABLE. */
export async function measureLanes({
  broker,
  topics,
  topicPrefix,
}: LaneDeps): Promise<{ readonly live: number; readonly backfill: number }> {
  const lags = await Promise.all(
    STAGE_NAMES.map((stage) =>
      measureLag(broker, groupIdOf(topicPrefix, stage), {
        live: topics.of(INPUT[stage], 'live'),
        backfill: topics.of(INPUT[stage], 'backfill'),
      }),
    ),
  );
  const sum = (lane: 'live' | 'backfill') => lags.reduce((total, lag) => total + lag[lane], 0);
  return { live: sum('live'), backfill: sum('backfill') };
}

/** Latencies seen lately, and their high percentile. */
export interface LatencyWindow {
  add(atMs: number, latencyMs: number): void;
  /** 99th percentile of the last seconds, nearest rank; null where there are too few to say. */
  p99(nowMs: number): number | null;
}

const WINDOW_MS = 5000;
const MIN_SAMPLES = 10;
const MAX_SAMPLES = 2000;

/** Creates an empty window. */
export function createLatencyWindow(): LatencyWindow {
  let seen: { readonly atMs: number; readonly latencyMs: number }[] = [];
  return {
    add(atMs, latencyMs) {
      seen.push({ atMs, latencyMs });
      if (seen.length > 2 * MAX_SAMPLES) seen = seen.slice(-MAX_SAMPLES);
    },
    p99(nowMs) {
      seen = seen.filter(({ atMs }) => nowMs - atMs <= WINDOW_MS).slice(-MAX_SAMPLES);
      if (seen.length < MIN_SAMPLES) return null;
      const sorted = seen.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
      return sorted[Math.ceil(0.99 * sorted.length) - 1] ?? null;
    },
  };
}

const AGAIN_AFTER_MS = 2000;
/** Decoding every label of a busy topic would cost more than the answer is worth. */
const MAX_DECODED_PER_SECOND = 400;

/** Reads along the label topic and notes how long labels of the live lane took, until `signal` aborts; never rejects. */
async function watchLiveLatency(deps: LaneDeps, window: LatencyWindow, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await readAlong(deps, window, signal);
    } catch (error) {
      deps.log.debug({ reason: describeError(error) }, 'live latency not measured');
    }
    await sleep(AGAIN_AFTER_MS, signal);
  }
}

async function readAlong({ broker, codecs, topics }: LaneDeps, window: LatencyWindow, signal: AbortSignal): Promise<void> {
  let second = 0;
  let decoded = 0;
  for await (const { value } of broker.read({ topic: topics.of('labels'), from: 'latest', follow: true, signal })) {
    const now = Date.now();
    if (Math.floor(now / 1000) !== second) [second, decoded] = [Math.floor(now / 1000), 0];
    if (value === null || decoded >= MAX_DECODED_PER_SECOND) continue;
    decoded += 1;
    const { lane, labelledAt, receivedAt, revision } = await codecs.labels.decode(value);
    // A later revision waited for its image.
    if (lane === 'live' && revision === 0) window.add(now, labelledAt - receivedAt);
  }
}
