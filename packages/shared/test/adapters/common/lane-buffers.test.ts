import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLaneBuffers } from '../../../src/adapters/common/lane-buffers.js';
import type { InMessage } from '../../../src/ports/broker.js';

const message = (offset: number): InMessage => ({
  topic: 't',
  partition: 0,
  lane: 'live',
  offset,
  key: null,
  value: null,
  headers: {},
  timestampMs: 0,
  generation: 1,
});

describe('lane buffers', () => {
  it('give back what was pushed, in order, however pushes and takes alternate', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: -1, max: 20 }))), (steps) => {
        const buffers = createLaneBuffers();
        const taken: number[] = [];
        let pushed = 0;
        for (const [push, take] of steps) {
          buffers.push(
            'live',
            Array.from({ length: push }, () => message(pushed++)),
          );
          const got = buffers.take('live', take);
          expect(got.length).toBeLessThanOrEqual(Math.max(0, take));
          taken.push(...got.map(({ offset }) => offset));
          expect(buffers.size('live')).toBe(pushed - taken.length);
        }
        expect(taken).toEqual(taken.map((_, i) => i));
        expect(buffers.size('backfill')).toBe(0);
      }),
    );
  });

  it('never mix the lanes, and forget everything at a clear', () => {
    const lane = fc.constantFrom('live' as const, 'backfill' as const);
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('push' as const), lane, count: fc.nat(6) }) },
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('take' as const), lane, count: fc.nat(8) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const), lane, count: fc.constant(0) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const buffers = createLaneBuffers();
        const model = { live: [] as number[], backfill: [] as number[] };
        let next = 0;
        for (const { kind, lane: of, count } of steps) {
          if (kind === 'push') {
            const pushed = Array.from({ length: count }, () => next++);
            model[of].push(...pushed);
            buffers.push(of, pushed.map(message));
          } else if (kind === 'take') {
            expect(buffers.take(of, count).map(({ offset }) => offset)).toEqual(model[of].splice(0, count));
          } else {
            buffers.clear();
            model.live.length = 0;
            model.backfill.length = 0;
          }
          expect([buffers.size('live'), buffers.size('backfill')]).toEqual([model.live.length, model.backfill.length]);
        }
      }),
    );
  });

  it('end a wait on a push, a wake, a close and after its time', async () => {
    for (const end of [
      (buffers: ReturnType<typeof createLaneBuffers>) => buffers.push('backfill', [message(0)]),
      (buffers: ReturnType<typeof createLaneBuffers>) => buffers.wake(),
      (buffers: ReturnType<typeof createLaneBuffers>) => buffers.close(),
    ]) {
      const buffers = createLaneBuffers();
      const waits = [buffers.wait(60_000), buffers.wait(60_000)];
      end(buffers);
      await Promise.all(waits);
    }
    await createLaneBuffers().wait(5);
  });

  it('hold nothing after clear and take nothing after close', async () => {
    const buffers = createLaneBuffers();
    buffers.push('live', [message(0)]);
    buffers.clear();
    expect(buffers.take('live', 5)).toEqual([]);
    buffers.close();
    buffers.push('live', [message(1)]);
    expect(buffers.size('live')).toBe(0);
    await buffers.wait(60_000);
  });

  it('hand out nothing of a lane that is held, and all of it afterwards', async () => {
    const buffers = createLaneBuffers();
    buffers.hold('live', true);
    buffers.push('live', [message(0), message(1)]);
    expect([buffers.take('live', 5), buffers.size('live'), buffers.available('live')]).toEqual([[], 2, 0]);
    let isOver = false;
    const waiting = buffers.wait(60_000).then(() => {
      isOver = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isOver).toBe(false);
    buffers.hold('live', false);
    await waiting;
    expect(buffers.take('live', 5).map(({ offset }) => offset)).toEqual([0, 1]);
  });
});
