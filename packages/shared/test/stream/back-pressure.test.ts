import { describe, expect, it } from 'vitest';
import type { StoreMemory } from '../../src/ports/key-value.js';
import { createBackPressure, NO_PAUSES, type PressureReading, samePauses } from '../../src/stream/back-pressure.js';

const limits = { lag: { live: 50_000, backfill: 5000 }, memoryShare: { live: 0.95, backfill: 0.85 } };
const noMemory = { cache: null, state: null };
const behind = (live: number, backfill: number, memory: PressureReading['memory'] = noMemory): PressureReading => ({
  lag: { live, backfill },
  memory,
});
const refusing = (usedShare: number): StoreMemory => ({ usedShare, evicts: false, keys: 1000 });
const evicting = (usedShare: number, keys: number): StoreMemory => ({ usedShare, evicts: true, keys });

describe('back-pressure', () => {
  it('pauses each lane by its own lag, the backfill lane long before the live lane', () => {
    const decide = createBackPressure(limits);
    expect(decide(behind(5001, 5000))).toEqual(NO_PAUSES);
    expect(decide(behind(5001, 5001))).toEqual({ live: [], backfill: ['DOWNSTREAM_LAG'] });
    expect(decide(behind(50_001, 5001))).toEqual({ live: ['DOWNSTREAM_LAG'], backfill: ['DOWNSTREAM_LAG'] });
    expect(decide(behind(25_000, 2499))).toEqual({ live: ['DOWNSTREAM_LAG'], backfill: [] });
    expect(decide(behind(24_999, 2499))).toEqual(NO_PAUSES);
  });

  it('pauses nothing for what is not known, and no longer when it is not known any more', () => {
    const decide = createBackPressure(limits);
    expect(decide({ lag: null, memory: noMemory })).toEqual(NO_PAUSES);
    decide(behind(60_000, 60_000));
    expect(decide({ lag: null, memory: noMemory })).toEqual(NO_PAUSES);
  });

  it('pauses before a store that refuses writes is full', () => {
    const decide = createBackPressure(limits);
    expect(decide(behind(0, 0, { cache: null, state: refusing(0.86) }))).toEqual({ live: [], backfill: ['STATE_MEMORY'] });
    const both = { cache: refusing(0.96), state: refusing(0.96) };
    expect(decide(behind(0, 0, both)).live).toEqual(['CACHE_MEMORY', 'STATE_MEMORY']);
    expect(decide(behind(0, 0, { cache: null, state: refusing(0.82) })).backfill).toEqual(['STATE_MEMORY']);
    expect(decide(behind(0, 0, { cache: null, state: refusing(0.8) }))).toEqual(NO_PAUSES);
  });

  it('is not moved by a cache that is full because it evicts, while little waits for the next stage', () => {
    const decide = createBackPressure(limits);
    expect(decide(behind(0, 900, { cache: evicting(1, 6000), state: null }))).toEqual(NO_PAUSES);
  });

  it('lets less wait for the next stage when a cache that evicts is full: a sixth of its entries', () => {
    const decide = createBackPressure(limits);
    const full = { cache: evicting(1, 6000), state: null };
    expect(decide(behind(1001, 900, full))).toEqual({ live: ['DOWNSTREAM_LAG'], backfill: [] });
    expect(decide(behind(499, 1001, full))).toEqual({ live: [], backfill: ['DOWNSTREAM_LAG'] });
    expect(decide(behind(0, 4000, { cache: evicting(0.5, 6000), state: null })).backfill).toEqual(['DOWNSTREAM_LAG']);
    expect(createBackPressure(limits)(behind(0, 4000, { cache: evicting(0.5, 6000), state: null }))).toEqual(NO_PAUSES);
    // A small cache does not bring the pipeline to a stop.
    expect(createBackPressure(limits)(behind(200, 200, { cache: evicting(1, 3), state: null }))).toEqual(NO_PAUSES);
  });

  it('never pauses by a lag whose limit is 0', () => {
    const decide = createBackPressure({ ...limits, lag: { live: 0, backfill: 0 } });
    expect(decide(behind(1e9, 1e9, { cache: evicting(1, 10), state: null }))).toEqual(NO_PAUSES);
  });

  it('tells whether two decisions are the same', () => {
    expect(samePauses(NO_PAUSES, { live: [], backfill: [] })).toBe(true);
    expect(samePauses(NO_PAUSES, { live: [], backfill: ['CACHE_MEMORY'] })).toBe(false);
  });
});
