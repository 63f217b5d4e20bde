import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Attempt, createCircuit } from '../src/circuit.js';

const settings = { maxFailures: 2, openMs: 1000, maxOpenMs: 5000, random: () => 1 };

/** Begins an attempt that is let through. */
function pass(attempt: Attempt | null): Attempt {
  if (attempt === null) throw new Error('not let through');
  return attempt;
}

describe('a circuit', () => {
  test('is closed until so many attempts in a row have failed', () => {
    const circuit = createCircuit(settings);
    pass(circuit.begin(0)).failed(0);
    pass(circuit.begin(0)).succeeded();
    pass(circuit.begin(0)).failed(0);
    pass(circuit.begin(0)).ended();
    expect([circuit.state(0), circuit.waitMs(0), circuit.isFresh()]).toEqual(['closed', 0, false]);
    pass(circuit.begin(0)).failed(10);
    expect([circuit.state(10), circuit.waitMs(10), circuit.begin(10)]).toEqual(['open', 1000, null]);
  });

  test('is then tried by one, and closed when that one succeeds', () => {
    const circuit = createCircuit(settings);
    for (let i = 0; i < 2; i += 1) pass(circuit.begin(0)).failed(0);
    expect(circuit.begin(999)).toBeNull();
    const trial = pass(circuit.begin(1000));
    expect([circuit.state(1000), circuit.begin(1000), circuit.waitMs(1000)]).toEqual(['half-open', null, 1000]);
    trial.succeeded();
    expect([circuit.state(1000), circuit.isFresh()]).toEqual(['closed', true]);
    pass(circuit.begin(1000)).failed(1000);
    expect(circuit.state(1000)).toBe('closed');
  });

  test('stays open for longer after every trial that fails, up to a limit', () => {
    const circuit = createCircuit(settings);
    for (let i = 0; i < 2; i += 1) pass(circuit.begin(0)).failed(0);
    let nowMs = 0;
    const waits: number[] = [];
    for (let trial = 0; trial < 5; trial += 1) {
      waits.push(circuit.waitMs(nowMs));
      nowMs += circuit.waitMs(nowMs);
      pass(circuit.begin(nowMs)).failed(nowMs);
    }
    expect(waits).toEqual([1000, 2000, 4000, 5000, 5000]);
  });

  test('lets another try when a trial ended without having learnt anything', () => {
    const circuit = createCircuit(settings);
    for (let i = 0; i < 2; i += 1) pass(circuit.begin(0)).failed(0);
    pass(circuit.begin(1000)).ended();
    pass(circuit.begin(1000)).succeeded();
    expect(circuit.state(1000)).toBe('closed');
  });

  test('opens at once for as long as it is asked to, within its limit', () => {
    const circuit = createCircuit({ ...settings, random: () => 0 });
    pass(circuit.begin(0)).failed(0, 3000);
    expect(circuit.waitMs(0)).toBe(3000);
    const greedy = createCircuit({ ...settings, random: () => 0 });
    pass(greedy.begin(0)).failed(0, 1e12);
    expect(greedy.waitMs(0)).toBe(5000);
  });

  test('is not moved by what attempts of an earlier time tell late', () => {
    const circuit = createCircuit(settings);
    const late = [0, 1, 2].map(() => pass(circuit.begin(0)));
    for (let i = 0; i < 2; i += 1) pass(circuit.begin(0)).failed(0);
    late[0]?.succeeded();
    late[1]?.failed(900);
    late[2]?.ended();
    expect([circuit.state(900), circuit.waitMs(900)]).toEqual(['open', 100]);
  });

  test('opens for between half and all of its time, so that many do not come back together', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), (random) => {
        const circuit = createCircuit({ ...settings, maxFailures: 1, random: () => random });
        pass(circuit.begin(0)).failed(0);
        expect(circuit.waitMs(0)).toBeGreaterThanOrEqual(500);
        expect(circuit.waitMs(0)).toBeLessThanOrEqual(1000);
      }),
    );
  });

  test('whatever happens: nobody passes while it is open, and one at a time until it is closed again', () => {
    const tell = {
      succeeded: (it: Attempt) => it.succeeded(),
      failed: (it: Attempt, nowMs: number) => it.failed(nowMs),
      ended: (it: Attempt) => it.ended(),
    };
    const step = fc.record({
      passMs: fc.integer({ min: 0, max: 1500 }),
      what: fc.constantFrom(...(Object.keys(tell) as (keyof typeof tell)[])),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const circuit = createCircuit({ ...settings, random: () => 0.3 });
        let nowMs = 0;
        for (const { passMs, what } of steps) {
          nowMs += passMs;
          const state = circuit.state(nowMs);
          const attempt = circuit.begin(nowMs);
          expect(attempt === null).toBe(state === 'open');
          if (state === 'half-open') expect(circuit.begin(nowMs)).toBeNull();
          if (attempt !== null) tell[what](attempt, nowMs);
        }
      }),
    );
  });
});
