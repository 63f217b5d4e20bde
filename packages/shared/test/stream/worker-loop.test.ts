import { describe, expect, it } from 'vitest';
import type { Subscription } from '../../src/ports/broker.js';
import type { Rest } from '../../src/stream/delivery.js';
import { sleep } from '../../src/stream/wake-up.js';
import { startWorkerLoop } from '../../src/stream/worker-loop.js';
import { until } from './harness.js';

function setUp(rest: () => Rest = () => ({ until: 'message' })) {
  const state = { generation: 1, pumps: 0, drains: 0, turns: 0 };
  let revoke: () => Promise<void> = async () => {};
  let failConsumption: (error: Error) => void = () => {};
  const subscription: Subscription = {
    take: () => [],
    wait: (maxWaitMs) => sleep(Math.min(maxWaitMs, 20)),
    buffered: () => 0,
    available: () => 0,
    hold: () => {},
    commit: async () => {},
    generation: () => state.generation,
    assignment: () => [],
    onRevoke: (drain) => {
      revoke = drain;
    },
    failed: new Promise<never>((_resolve, reject) => {
      failConsumption = reject;
    }),
    close: async () => {},
  };
  const fatal: unknown[] = [];
  const loop = startWorkerLoop({
    subscription,
    delivery: {
      pump() {
        state.pumps += 1;
        return rest();
      },
      async drain() {
        state.drains += 1;
      },
    },
    onTurn() {
      state.turns += 1;
    },
    onFatal: (error) => fatal.push(error),
  });
  return { loop, state, fatal, revoke: () => revoke(), failConsumption: (error: Error) => failConsumption(error) };
}

describe('startWorkerLoop', () => {
  it.each<Rest>([{ until: 'message' }, { until: 'progress' }])(
    'turns several times within the shortest watchdog when nothing happens',
    async (rest) => {
      const { loop, state } = setUp(() => rest);
      await sleep(950);
      expect(state.turns).toBeGreaterThanOrEqual(3);
      await loop.stop();
    },
  );

  it('pumps when woken, and ends when stopped', async () => {
    const { loop, state } = setUp(() => ({ until: 'progress' }));
    await until(() => state.pumps === 1);
    await sleep(20);
    expect(state.pumps).toBe(1);
    loop.wake();
    await until(() => state.pumps === 2);
    await loop.stop();
    loop.wake();
    await sleep(20);
    expect(state.pumps).toBe(2);
  });

  it('looks again soon while a batch fills up', async () => {
    const { loop, state } = setUp(() => ({ until: 'age', ms: 10_000 }));
    await until(() => state.pumps > 3, 1000);
    await loop.stop();
  });

  it('drains before partitions are given up, and takes nothing until the next assignment', async () => {
    const { loop, state, revoke } = setUp();
    await until(() => state.pumps > 0);
    await revoke();
    expect(state.drains).toBe(1);
    loop.wake();
    await sleep(5);
    const { pumps, turns } = state;
    await until(() => state.turns > turns + 1);
    expect(state.pumps).toBe(pumps);
    state.generation = 2;
    await until(() => state.pumps > pumps);
    await loop.stop();
  });

  it('reports the end of consumption and its own bugs', async () => {
    const { loop, fatal, failConsumption } = setUp();
    failConsumption(new Error('consumption ended'));
    await until(() => fatal.length === 1);
    await loop.stop();
    const buggy = setUp(() => {
      throw new Error('bug');
    });
    await until(() => buggy.fatal.length === 1);
    await buggy.loop.stop();
  });
});
