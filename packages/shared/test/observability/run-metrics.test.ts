import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createRunMetrics } from '../../src/observability/run-metrics.js';

describe('run metrics', () => {
  it('tells the share of the time since the last scrape that went into graphs', async () => {
    let nowMs = 0;
    const registry = new Registry();
    const metrics = createRunMetrics(registry, 'encoder', () => nowMs);
    const utilisation = async () => (await registry.getSingleMetric('labelstream_encoder_run_utilisation_ratio')?.get())?.values[0]?.value;
    metrics.run('image', 8, 30);
    metrics.run('text', 8, 10);
    nowMs = 100;
    expect(await utilisation()).toBeCloseTo(0.4);
    metrics.run('image', 4, 90);
    nowMs = 200;
    expect(await utilisation()).toBeCloseTo(0.9);
  });

  it('lets two services of a process share a registry', () => {
    const registry = new Registry();
    createRunMetrics(registry, 'encoder');
    expect(() => createRunMetrics(registry, 'fusion')).not.toThrow();
  });
});
