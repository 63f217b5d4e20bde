/**
 * Flow control of the backfill lane: how many rows may be in flight between the producer and the sink, and, when the live lane suffers, how
 * many may be sent per second.
 *
 * The window follows Little's law: a pipeline that finishes `d` rows a second and is looked at every second never runs dry while `d × T` rows
 * are in flight, T being a few seconds. `d` is its best speed of late, so that a burst of live messages, which rightly takes the speed away,
 * does not also take the window away. More than that in flight would be of no use: it would only wait, and fill the cache with pixels.
 *
 * The stages put live messages first, so that a full window alone does not harm the live lane. Where it does all the same (the machine is
 * shared, memory is short), the speed is cut at once and comes back slowly: multiplicative decrease, additive increase.
 */

/** What was measured of the pipeline at one moment. */
export interface FlowSample {
  readonly atMs: number;
  /** Rows of backfills that were allowed to be sent, ever. */
  readonly admitted: number;
  /** Rows in the backfill lane that are not through, all stages together. */
  readonly inFlight: number;
  /** Live messages that are not through, all stages together. */
  readonly liveLag: number;
  /** 99th percentile of the live lane, from arrival to label, lately; null where nothing was labelled. */
  readonly liveLatencyMs: number | null;
}

/** The decision, and what it rests on; shown by `backfill status` and in the metrics. */
export interface FlowStatus extends FlowSample {
  /** Rows that may be in flight. */
  readonly windowRows: number;
  /** Rows that may be sent until the next decision. */
  readonly allowedRows: number;
  /** Ceiling of rows per second for the sake of the live lane; null: none is needed. */
  readonly rateCap: number | null;
  /** Rows per second that the lane finishes. */
  readonly drainPerSecond: number;
  /** What the live lane takes when it is not disturbed; null: not known yet. */
  readonly restLatencyMs: number | null;
}

export interface FlowSettings {
  readonly minWindowRows: number;
  readonly maxWindowRows: number;
  /** T: for how long the rows in flight shall last. */
  readonly targetSeconds: number;
  /** How much longer than at rest the live lane may take. */
  readonly latencyRatio: number;
  /** Differences below this are noise. */
  readonly latencySlackMs: number;
}

export const DEFAULT_FLOW: FlowSettings = {
  minWindowRows: 128,
  maxWindowRows: 200_000,
  targetSeconds: 4,
  latencyRatio: 1.4,
  latencySlackMs: 40,
};

/** What the controller remembers between two decisions. Plain data, so that another process can go on with it. */
export interface FlowState {
  readonly last: FlowSample | null;
  readonly windowRows: number;
  readonly drainPerSecond: number;
  /** Speeds of late, newest last. */
  readonly drains: readonly number[];
  readonly rateCap: number | null;
  readonly restLatencyMs: number | null;
  /** Decisions in a row for which the live lane was too slow. */
  readonly slowFor: number;
  /** When the backfill lane was last seen at work; null: never. */
  readonly busyAtMs: number | null;
}

/** A speed over a longer time says nothing about now. */
const STALE_MS = 10_000;
const DRAINS_REMEMBERED = 15;
/** Longer than the time over which the latency is measured: what is measured after it knows nothing of a backfill. */
const QUIET_MS = 6000;
/** One slow second may be the garbage collector's. */
const SLOW_FOR = 2;
const CUT = 0.7;
const RAISE = 0.04;
/** Below this share of its best speed a backfill is never cut: what is still slow then has another cause. */
const LEAST_SHARE = 0.05;
const DRAIN_SMOOTHING = 0.4;
const REST_SMOOTHING = 0.1;

/** Nothing is known yet. */
export const initialFlow = ({ minWindowRows }: FlowSettings): FlowState => ({
  last: null,
  windowRows: minWindowRows,
  drainPerSecond: 0,
  drains: [],
  rateCap: null,
  restLatencyMs: null,
  slowFor: 0,
  busyAtMs: null,
});

/** One decision: pure. */
export function decideFlow(state: FlowState, sample: FlowSample, settings: FlowSettings): { state: FlowState; status: FlowStatus } {
  const drain = measureDrain(state, sample);
  const windowRows = chooseWindow(state, sample, drain.best, settings);
  const busyAtMs = isBusy(state, sample) ? sample.atMs : state.busyAtMs;
  const restLatencyMs = restLatency({ ...state, busyAtMs }, sample, drain.best);
  const guard = guardLive({ ...state, restLatencyMs, busyAtMs }, sample, drain, settings);
  const next: FlowState = {
    last: sample,
    windowRows,
    restLatencyMs,
    busyAtMs,
    drainPerSecond: drain.smooth,
    drains: drain.recent,
    ...guard,
  };
  const seconds = state.last === null ? 1 : Math.max(0.1, (sample.atMs - state.last.atMs) / 1000);
  const free = Math.max(0, Math.floor(windowRows - sample.inFlight));
  const allowedRows = guard.rateCap === null ? free : Math.min(free, Math.ceil(guard.rateCap * seconds));
  const { rateCap } = guard;
  return { state: next, status: { ...sample, windowRows, allowedRows, rateCap, drainPerSecond: round(drain.smooth), restLatencyMs } };
}

const round = (value: number) => Math.round(value * 10) / 10;

interface Drain {
  readonly smooth: number;
  readonly best: number;
  readonly recent: readonly number[];
}

/** What was admitted and is not in flight any more has been finished. */
function measureDrain({ last, drainPerSecond, drains }: FlowState, sample: FlowSample): Drain {
  const elapsedMs = last === null ? 0 : sample.atMs - last.atMs;
  if (last === null || elapsedMs <= 0 || elapsedMs > STALE_MS)
    return { smooth: drainPerSecond, best: Math.max(0, ...drains), recent: drains };
  const finished = sample.admitted - last.admitted - (sample.inFlight - last.inFlight);
  const now = Math.max(0, finished / (elapsedMs / 1000));
  const smooth = drains.length === 0 ? now : drainPerSecond + DRAIN_SMOOTHING * (now - drainPerSecond);
  const recent = [...drains, smooth].slice(-DRAINS_REMEMBERED);
  return { smooth, best: Math.max(...recent), recent };
}

function chooseWindow(state: FlowState, sample: FlowSample, best: number, settings: FlowSettings): number {
  const { minWindowRows, maxWindowRows, targetSeconds } = settings;
  const sent = state.last === null ? 0 : sample.admitted - state.last.admitted;
  // It has eaten most of a window that was really used: how much it can eat is not known yet.
  const isHungry = sent >= state.windowRows / 2 && sample.inFlight < state.windowRows / 4;
  const wanted = Math.max(best * targetSeconds, isHungry ? state.windowRows * 2 : 0);
  // A window that is too large shrinks slowly, as the best speed is only known from a few seconds.
  const shrunk = Math.max(wanted, state.windowRows * 0.8);
  return Math.round(Math.min(maxWindowRows, Math.max(minWindowRows, shrunk)));
}

const isBusy = ({ last }: FlowState, { inFlight, admitted }: FlowSample) => inFlight > 0 || (last !== null && admitted > last.admitted);
/** Neither now, nor while what is measured now came about. */
const isAtWork = ({ busyAtMs }: FlowState, { atMs }: FlowSample) => busyAtMs !== null && atMs - busyAtMs < QUIET_MS;
const leastRate = (best: number) => Math.max(1, best * LEAST_SHARE);

/**
 * Learned while no backfill is at work, and from whatever is faster; also where holding a backfill back as far as it goes has not helped: what
 * is still slow then is so by itself.
 */
function restLatency(state: FlowState, sample: FlowSample, best: number): number | null {
  const { restLatencyMs: rest, rateCap } = state;
  const now = sample.liveLatencyMs;
  if (now === null) return rest;
  if (rest === null || now < rest) return now;
  const isHeld = rateCap !== null && rateCap <= leastRate(best);
  return !isAtWork(state, sample) || isHeld ? rest + REST_SMOOTHING * (now - rest) : rest;
}

function guardLive(
  state: FlowState,
  sample: FlowSample,
  { smooth, best }: Drain,
  { latencyRatio, latencySlackMs }: FlowSettings,
): Pick<FlowState, 'rateCap' | 'slowFor'> {
  const { restLatencyMs: rest, rateCap, slowFor } = state;
  const now = sample.liveLatencyMs;
  const isTooSlow = now !== null && rest !== null && now > Math.max(rest * latencyRatio, rest + latencySlackMs);
  const isSlow = isTooSlow && isAtWork(state, sample);
  if (isSlow && slowFor + 1 < SLOW_FOR) return { rateCap, slowFor: slowFor + 1 };
  if (isSlow) return { rateCap: Math.max(leastRate(best), CUT * Math.min(rateCap ?? smooth, smooth)), slowFor: 0 };
  if (rateCap === null) return { rateCap, slowFor: 0 };
  const raised = rateCap + Math.max(1, best * RAISE);
  return { rateCap: raised > best * 1.2 ? null : raised, slowFor: 0 };
}
