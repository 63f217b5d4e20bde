import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createStreamMetrics } from '../../src/stream/metrics.js';
import { createVitalSigns } from '../../src/stream/vital-signs.js';

const nothing = { live: 0, backfill: 0 };

function setUp() {
  let nowMs = 0;
  const registry = new Registry();
  const signs = createVitalSigns({
    metrics: createStreamMetrics(registry, 'fusion'),
    watchdogMs: 60_000,
    windowMs: 5000,
    now: () => nowMs,
  });
  return {
    signs,
    registry,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

describe('createVitalSigns', () => {
  it('is healthy while an idle loop turns', () => {
    const { signs, pass } = setUp();
    for (let turn = 0; turn < 100; turn += 1) {
      pass(1000);
      signs.turned(0, nothing);
    }
    expect(signs.healthy()).toBe(true);
  });

  it('is not healthy when the loop turns around work that does not move', () => {
    const { signs, pass } = setUp();
    for (let turn = 0; turn < 100; turn += 1) {
      pass(1000);
      signs.turned(1, nothing);
    }
    expect(signs.healthy()).toBe(false);
    signs.moved(0);
    expect(signs.healthy()).toBe(true);
  });

  it('is healthy while it asks again for what is down', () => {
    const { signs, pass } = setUp();
    for (let attempt = 0; attempt < 20; attempt += 1) {
      pass(10_000);
      signs.turned(1, nothing);
      signs.retried('CACHE_UNAVAILABLE');
    }
    expect(signs.healthy()).toBe(true);
  });

  it('is healthy while something that it needs is seen to be down, although nothing moves', () => {
    const { signs, pass } = setUp();
    for (let look = 0; look < 20; look += 1) {
      pass(10_000);
      signs.turned(1, nothing);
      signs.waiting();
    }
    expect(signs.healthy()).toBe(true);
  });

  it('shows what is under way and what waits', async () => {
    const { signs, registry, pass } = setUp();
    signs.turned(2, { live: 3, backfill: 40 });
    pass(5000);
    expect(signs.utilisation()).toBe(1);
    const text = await registry.metrics();
    expect(text).toContain('labelstream_micro_batches_in_flight{stage="fusion"} 2');
    expect(text).toContain('labelstream_buffered_messages{stage="fusion",lane="backfill"} 40');
  });
});
