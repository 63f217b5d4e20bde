import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_FLOW, decideFlow, type FlowSample, type FlowStatus, initialFlow } from '../../src/job/flow.js';

interface Pipeline {
  /** Rows per second that the pipeline can do in all, at second `s`. */
  readonly capacity: (s: number) => number;
  /** Live messages per second, at second `s`; they go first. */
  readonly live: (s: number) => number;
  /** 99th percentile of the live lane while the backfill lane finishes so many rows per second. */
  readonly latencyMs: (backfillPerSecond: number, s: number) => number;
  /** Rows per second that the producer can send. */
  readonly supply?: number;
}

interface Second {
  readonly status: FlowStatus;
  readonly finished: number;
  /** What live has left. */
  readonly left: number;
  readonly inFlight: number;
}

const STEPS = 20;

/** Runs the controller against a pipeline that is looked at once a second, with a producer that sends whatever it may at once. */
function simulate(seconds: number, { capacity, live, latencyMs, supply = Number.POSITIVE_INFINITY }: Pipeline): Second[] {
  let state = initialFlow(DEFAULT_FLOW);
  let [admitted, inFlight, liveLag, backfillPerSecond] = [0, 0, 0, 0];
  const past: Second[] = [];
  for (let s = 0; s < seconds; s += 1) {
    const sample: FlowSample = {
      atMs: s * 1000,
      admitted,
      inFlight,
      liveLag,
      liveLatencyMs: live(s) > 0 ? latencyMs(backfillPerSecond, s) : null,
    };
    const decision = decideFlow(state, sample, DEFAULT_FLOW);
    state = decision.state;
    let allowed = Math.min(decision.status.allowedRows, supply);
    let [finished, left] = [0, 0];
    for (let step = 0; step < STEPS; step += 1) {
      inFlight += allowed;
      admitted += allowed;
      allowed = 0;
      liveLag += live(s) / STEPS;
      const capable = capacity(s) / STEPS;
      const forLive = Math.min(liveLag, capable);
      const forBackfill = Math.min(inFlight, capable - forLive);
      liveLag -= forLive;
      inFlight -= forBackfill;
      finished += forBackfill;
      left += capable - forLive;
    }
    backfillPerSecond = finished;
    past.push({ status: decision.status, finished, left, inFlight });
  }
  return past;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const shareOf = (past: readonly Second[]) => sum(past.map(({ finished }) => finished)) / sum(past.map(({ left }) => left));
const calm = () => 100;

describe('flow control', () => {
  it('finds the speed of any pipeline and gives the backfill nearly all that live leaves', () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 20_000 }), fc.double({ min: 0, max: 0.8, noNaN: true }), (capacity, share) => {
        const past = simulate(60, { capacity: () => capacity, live: () => capacity * share, latencyMs: calm });
        expect(shareOf(past.slice(15))).toBeGreaterThanOrEqual(0.95);
      }),
    );
  });

  it('gives it what live leaves also where live comes in bursts', () => {
    const past = simulate(120, { capacity: () => 500, live: (s) => (s % 20 < 8 ? 450 : 50), latencyMs: calm });
    expect(shareOf(past.slice(20))).toBeGreaterThanOrEqual(0.9);
  });

  it('keeps no more in flight than the window, which lasts for a few seconds', () => {
    const past = simulate(60, { capacity: () => 1000, live: () => 200, latencyMs: calm });
    for (const { status, inFlight } of past) expect(inFlight).toBeLessThanOrEqual(status.windowRows);
    expect(past.at(-1)?.status.windowRows).toBeLessThanOrEqual(1000 * DEFAULT_FLOW.targetSeconds * 1.1);
  });

  it('closes the window when the pipeline becomes slow or stands still', () => {
    const past = simulate(90, { capacity: (s) => (s < 30 ? 5000 : s < 60 ? 50 : 0), live: () => 0, latencyMs: calm });
    expect(past[59]?.status.windowRows).toBeLessThan(3000);
    expect(past.at(-1)?.status.allowedRows).toBe(0);
  });

  it('holds the backfill back where it slows the live lane down, until that is as fast as it may be, and lets go afterwards', () => {
    // More than 300 rows a second do harm, but only in the first two minutes.
    const latencyMs = (rows: number, s: number) => (s < 120 && rows > 300 ? 100 + (rows - 300) : 100);
    const past = simulate(220, { capacity: () => 1000, live: () => 100, latencyMs });
    const held = past.slice(60, 120);
    const harmed = held.filter(({ finished }) => latencyMs(finished, 0) > 100 * DEFAULT_FLOW.latencyRatio + 10);
    expect(harmed.length / held.length).toBeLessThan(0.35);
    expect(sum(held.map(({ finished }) => finished)) / held.length).toBeGreaterThan(200);
    expect(past.at(-1)?.status.rateCap).toBeNull();
    expect(shareOf(past.slice(200))).toBeGreaterThanOrEqual(0.9);
  });

  it('does not take a live lane that has become slow by itself for its own doing for ever', () => {
    const past = simulate(200, { capacity: () => 1000, live: () => 100, latencyMs: (_, s) => (s < 5 ? 100 : 400) });
    expect(Math.min(...past.slice(10).map(({ finished }) => finished))).toBeGreaterThan(0);
    expect(shareOf(past.slice(150))).toBeGreaterThanOrEqual(0.9);
  });

  it('decides something sensible whatever is measured', () => {
    const sample = fc.record({
      step: fc.integer({ min: -100, max: 100_000 }),
      admitted: fc.nat(1_000_000),
      inFlight: fc.nat(1_000_000),
      liveLag: fc.nat(1_000_000),
      liveLatencyMs: fc.option(fc.nat(100_000)),
    });
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 30 }), (samples) => {
        let state = initialFlow(DEFAULT_FLOW);
        let atMs = 0;
        for (const { step, ...rest } of samples) {
          atMs += step;
          const { state: next, status } = decideFlow(state, { atMs, ...rest }, DEFAULT_FLOW);
          state = next;
          expect(status.windowRows).toBeGreaterThanOrEqual(DEFAULT_FLOW.minWindowRows);
          expect(status.windowRows).toBeLessThanOrEqual(DEFAULT_FLOW.maxWindowRows);
          expect(status.allowedRows).toBeGreaterThanOrEqual(0);
          expect(status.allowedRows).toBeLessThanOrEqual(status.windowRows);
          expect(Number.isInteger(status.allowedRows)).toBe(true);
          expect(status.rateCap === null || status.rateCap > 0).toBe(true);
        }
      }),
    );
  });
});
