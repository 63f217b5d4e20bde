import { describe, expect, it } from 'vitest';
import { createUtilisationMeter } from '../../src/stream/utilisation.js';

function setUp() {
  let nowMs = 0;
  const meter = createUtilisationMeter({ windowMs: 100, now: () => nowMs });
  return {
    meter,
    at(ms: number, batches: number) {
      nowMs = ms;
      meter.inFlight(batches);
    },
    valueAt(ms: number) {
      nowMs = ms;
      return meter.value();
    },
  };
}

describe('createUtilisationMeter', () => {
  it('is the share of time with work under way', () => {
    const { at, valueAt } = setUp();
    at(10, 1);
    at(20, 2);
    at(40, 0);
    expect(valueAt(60)).toBe(0.5);
  });

  it('shows the last full window, so that it follows the load', () => {
    const { at, valueAt } = setUp();
    at(0, 1);
    at(100, 1);
    expect(valueAt(150)).toBe(1);
    at(150, 0);
    expect(valueAt(200)).toBe(0.5);
    expect(valueAt(300)).toBe(0);
  });

  it('is 0 before anything has happened', () => {
    expect(setUp().valueAt(0)).toBe(0);
  });
});
