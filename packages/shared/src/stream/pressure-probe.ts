import type { Logger } from 'pino';
import { describeError, isLabelstreamError } from '../errors.js';
import { LANES, type Lane } from '../events/lane.js';
import type { TopicNames } from '../events/topics.js';
import type { KeyValueStore, StoreMemory } from '../ports/key-value.js';
import { createBackPressure, NO_PAUSES, type Pauses, type PressureLimits, samePauses } from './back-pressure.js';
import { type Lag, type LagBroker, measureKnownLag } from './lag.js';
import { nextStage, STAGE_INPUTS, STAGE_STORES, type StageName, type StoreRole } from './stage.js';

/** A pause is told again after as long, with what has become of it. */
const REMIND_AFTER_MS = 5 * 60_000;

/** How many looks are left out after one that failed. */
const FAILURE_REST = 10;

/** What a stage watches so as not to run away from the next one, and above what it pauses. */
export interface PressureSources {
  readonly limits: PressureLimits;
  readonly stores: Readonly<Record<StoreRole, Pick<KeyValueStore, 'memory'>>>;
  readonly groupId: (stage: StageName) => string;
  readonly everyMs: number;
}

/** Watches what is downstream of a stage, and the stores that it fills. */
export interface PressureProbe {
  pauses(): Pauses;
  /** Of the next stage; null: not known. */
  downstreamLag(): Lag;
  close(): void;
}

export interface PressureProbeDeps extends PressureSources {
  readonly stage: StageName;
  readonly broker: LagBroker;
  readonly topics: TopicNames;
  readonly log: Logger;
  readonly now: () => number;
  /** Called after every look. */
  readonly onPauses: (pauses: Pauses) => void;
  readonly onMemory: (store: StoreRole, memory: StoreMemory) => void;
}

/** The probe of a worker that runs without back-pressure. */
export const NO_PRESSURE: PressureProbe = { pauses: () => NO_PAUSES, downstreamLag: () => null, close: () => {} };

/** Starts looking at once and then every `everyMs`. What cannot be learnt counts as not known: it pauses nothing, or no longer. */
export function startPressureProbe(deps: PressureProbeDeps): PressureProbe {
  const decide = createBackPressure(deps.limits);
  const diary = createDiary(deps);
  const readLag = createLagReader(deps, diary);
  let pauses: Pauses = NO_PAUSES;
  let lag: Lag = null;
  let timer: NodeJS.Timeout | null = null;
  let closed = false;

  async function look(): Promise<void> {
    const [downstream, cache, state] = await Promise.all([readLag(), readMemory(deps, 'cache', diary), readMemory(deps, 'state', diary)]);
    if (closed) return;
    lag = downstream;
    const next = decide({ lag, memory: { cache, state } });
    diary.note(pauses, next, lag);
    pauses = next;
    deps.onPauses(pauses);
    timer = setTimeout(() => void look(), deps.everyMs);
  }

  void look();
  return {
    pauses: () => pauses,
    downstreamLag: () => lag,
    close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}

/**
 * Reads the lag of the next stage. One that has never committed anything may not be there at all: waiting for it could last for ever. After
 * a failure it is left for a while, since each costs the connection that other questions are asked over as well.
 */
function createLagReader({ stage, broker, groupId, topics, everyMs, now }: PressureProbeDeps, diary: Diary): () => Promise<Lag> {
  const next = nextStage(stage);
  let restUntilMs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (next === undefined || now() < restUntilMs) return null;
    const input = STAGE_INPUTS[next];
    try {
      const lag = await measureKnownLag(broker, groupId(next), { live: topics.of(input, 'live'), backfill: topics.of(input, 'backfill') });
      if (lag === null) diary.lagUnknown(next);
      return lag;
    } catch (error) {
      restUntilMs = now() + FAILURE_REST * everyMs;
      diary.unavailable(next, error);
      return null;
    }
  };
}

async function readMemory(deps: PressureProbeDeps, store: StoreRole, diary: Diary): Promise<StoreMemory | null> {
  if (!STAGE_STORES[deps.stage].includes(store)) return null;
  try {
    const memory = await deps.stores[store].memory();
    if (memory !== null) deps.onMemory(store, memory);
    return memory;
  } catch (error) {
    diary.unavailable(store, error);
    return null;
  }
}

type Diary = ReturnType<typeof createDiary>;

/** Tells of pauses: their beginning, their end, and now and then that they last, so that a stage never waits in silence. */
function createDiary({ stage, log, now }: PressureProbeDeps) {
  const next = nextStage(stage);
  const since: Record<Lane, number | null> = { live: null, backfill: null };
  let told: { readonly atMs: number; readonly lag: Lag } | null = null;
  /** What is not known, each told once. */
  const unknown = new Set<StageName | StoreRole>();

  function remind(pauses: Pauses, lag: Lag): void {
    if (told === null || now() - told.atMs < REMIND_AFTER_MS) return;
    const lags = pauses.live.includes('DOWNSTREAM_LAG') || pauses.backfill.includes('DOWNSTREAM_LAG');
    const stuck = lags && told.lag !== null && lag !== null && lag.live >= told.lag.live && lag.backfill >= told.lag.backfill;
    log.warn({ pauses, next, lag }, stuck ? 'still paused, and the next stage does not catch up: is it running?' : 'still paused');
    told = { atMs: now(), lag };
  }

  return {
    lagUnknown(next: StageName): void {
      if (!unknown.has(next)) log.info({ next }, 'the next stage has never committed anything: its lag pauses nothing');
      unknown.add(next);
    },
    unavailable(what: StageName | StoreRole, error: unknown): void {
      // What is down is told by whoever needs it; what is refused would be for ever.
      if (unknown.has(what) || (isLabelstreamError(error) && error.retriable)) return;
      unknown.add(what);
      log.warn({ of: what, reason: describeError(error) }, 'lag or memory is not told: it pauses nothing');
    },
    note(before: Pauses, after: Pauses, lag: Lag): void {
      if (samePauses(before, after)) {
        remind(after, lag);
        return;
      }
      for (const lane of LANES) {
        const begun = since[lane];
        if (after[lane].length > 0) {
          since[lane] ??= now();
          log.warn({ lane, reasons: after[lane], next, lag }, 'paused: no more of this lane is taken for now');
        } else if (begun !== null) {
          since[lane] = null;
          log.info({ lane, seconds: (now() - begun) / 1000 }, 'no longer paused');
        }
      }
      told = LANES.some((lane) => after[lane].length > 0) ? { atMs: now(), lag } : null;
    },
  };
}
