import { describe, expect, it } from 'vitest';
import { createLifecycle, startOrRollBack } from '../../src/stream/lifecycle.js';
import { quiet } from './harness.js';

function setUp() {
  const events: string[] = [];
  const lifecycle = createLifecycle(quiet);
  const open = (name: string, options: { failsToStart?: boolean; failsToStop?: boolean } = {}) =>
    lifecycle.open(
      name,
      async () => {
        if (options.failsToStart) throw new Error(`${name} does not start`);
        events.push(`+${name}`);
        return name;
      },
      async (resource) => {
        events.push(`-${resource}`);
        if (options.failsToStop) throw new Error('stuck');
      },
    );
  return { events, lifecycle, open };
}

describe('createLifecycle', () => {
  it('closes in reverse order, once', async () => {
    const { events, lifecycle, open } = setUp();
    expect(await open('broker')).toBe('broker');
    await open('worker');
    await open('http');
    await lifecycle.close();
    await lifecycle.close();
    expect(events).toEqual(['+broker', '+worker', '+http', '-http', '-worker', '-broker']);
  });

  it('closes the rest when one does not close', async () => {
    const { events, lifecycle, open } = setUp();
    await open('broker');
    await open('worker', { failsToStop: true });
    await lifecycle.close();
    expect(events).toEqual(['+broker', '+worker', '-worker', '-broker']);
  });
});

describe('startOrRollBack', () => {
  it('closes the first two when the third of four does not start, and never starts the fourth', async () => {
    const { events, lifecycle, open } = setUp();
    const start = startOrRollBack(lifecycle, async () => {
      await open('broker');
      await open('cache');
      await open('worker', { failsToStart: true });
      await open('http');
    });
    await expect(start).rejects.toThrow('worker does not start');
    expect(events).toEqual(['+broker', '+cache', '-cache', '-broker']);
  });

  it('leaves everything open when all start', async () => {
    const { events, lifecycle, open } = setUp();
    await startOrRollBack(lifecycle, () => open('broker'));
    expect(events).toEqual(['+broker']);
  });
});
