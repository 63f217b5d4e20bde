import { expect, test } from 'vitest';
import { runChaos } from '../src/run.js';
import { chaosOptions } from './harness.js';

test('no promise is broken while services, Kafka, the cache and the published state are', async () => {
  const kinds = ['service-kill', 'service-stop', 'kafka-kill', 'cache-flush', 'published-loss', 'bundle-change'] as const;
  const report = await runChaos(chaosOptions({ kinds, seed: 1, minutes: 0.75 }));
  expect(report.violations).toEqual([]);
  expect(report).toMatchObject({ ok: true, lost: 0, duplicated: 0, reordered: 0, wrong: 0 });
  expect(report.faults).toBeGreaterThanOrEqual(4);
  expect(report.seen.labels).toBeGreaterThan(200);
});
