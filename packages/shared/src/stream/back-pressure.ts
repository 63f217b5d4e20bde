import { LANES, type Lane } from '../events/lane.js';
import type { StoreMemory } from '../ports/key-value.js';
import type { Lag } from './lag.js';
import type { StoreRole } from './stage.js';
import { createWatermark } from './watermark.js';

/** Why a stage takes nothing of a lane, closed list. */
export const PAUSE_REASONS = ['DOWNSTREAM_LAG', 'CACHE_MEMORY', 'STATE_MEMORY'] as const;
export type PauseReason = (typeof PAUSE_REASONS)[number];

/** Per lane, why it is paused; empty: it is not. */
export type Pauses = Readonly<Record<Lane, readonly PauseReason[]>>;

export const NO_PAUSES: Pauses = { live: [], backfill: [] };

/** Above what a lane pauses. */
export interface PressureLimits {
  /** Messages of the lane that the next stage is behind; 0: never. */
  readonly lag: Readonly<Record<Lane, number>>;
  /** Used share of a store that refuses writes when it is full. */
  readonly memoryShare: Readonly<Record<Lane, number>>;
}

/** What is known at a moment; null: not known, or without a limit. Neither ever pauses a lane. */
export interface PressureReading {
  /** Of the next stage. */
  readonly lag: Lag;
  /** Of the stores that this stage fills. */
  readonly memory: Readonly<Record<StoreRole, StoreMemory | null>>;
}

/** A lane goes on when the next stage has caught up to half of the mark, or a store has 5 % less than at its mark. */
const LAG_RESUME_SHARE = 0.5;
const MEMORY_RESUME_SHARE = 0.95;

/** From here on a store that evicts is about to, or does. */
const EVICTING_SHARE = 0.9;
/** A listing has pixels or one token sequence per modality in the cache, and some have several images. */
const ENTRIES_PER_LISTING = 3;
/** What waits for the next stage stays in the younger half of the cache, since eviction takes the older one. */
const YOUNGER_SHARE = 0.5;
/** The mark is never below this, or the next stage would run dry between two looks. */
const MIN_LAG_MARK = 200;

const MEMORY_REASONS = { cache: 'CACHE_MEMORY', state: 'STATE_MEMORY' } as const satisfies Record<StoreRole, PauseReason>;
const ROLES = ['cache', 'state'] as const satisfies readonly StoreRole[];

/**
 * Decides which lanes of a stage pause. Keeps nothing but on which side of its marks each measure is. A store that evicts is full in
 * normal times, so that alone is no reason: but what the next stage has not come to must not be evicted, so less of it may wait.
 */
export function createBackPressure(limits: PressureLimits): (reading: PressureReading) => Pauses {
  const judges = { live: createLaneJudge('live', limits), backfill: createLaneJudge('backfill', limits) };
  return (reading) => ({ live: judges.live(reading), backfill: judges.backfill(reading) });
}

function createLaneJudge(lane: Lane, limits: PressureLimits): (reading: PressureReading) => PauseReason[] {
  const behind = createWatermark(LAG_RESUME_SHARE);
  const full = { cache: createWatermark(MEMORY_RESUME_SHARE), state: createWatermark(MEMORY_RESUME_SHARE) };
  return ({ lag, memory }) => {
    const mark = lagMark(limits.lag[lane], memory.cache);
    const isBehind = mark > 0 && behind(lag?.[lane] ?? null, mark);
    const fullOnes = ROLES.filter((role) => full[role](refusingShare(memory[role]), limits.memoryShare[lane]));
    return [...(isBehind ? (['DOWNSTREAM_LAG'] as const) : []), ...fullOnes.map((role) => MEMORY_REASONS[role])];
  };
}

/** The lag above which a lane pauses: less than the setting where a cache that is full could evict what still waits. */
function lagMark(configured: number, cache: StoreMemory | null): number {
  if (configured === 0 || cache === null || !cache.evicts || cache.usedShare < EVICTING_SHARE) return configured;
  return Math.min(configured, Math.max(MIN_LAG_MARK, Math.floor((cache.keys * YOUNGER_SHARE) / ENTRIES_PER_LISTING)));
}

const refusingShare = (memory: StoreMemory | null): number | null => (memory === null || memory.evicts ? null : memory.usedShare);

/** Whether two decisions are the same. */
export const samePauses = (a: Pauses, b: Pauses): boolean => LANES.every((lane) => a[lane].join() === b[lane].join());
