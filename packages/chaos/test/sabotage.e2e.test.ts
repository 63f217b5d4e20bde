import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Breach } from '../src/checker/types.js';
import type { FaultKind } from '../src/faults/kinds.js';
import { runChaos } from '../src/run.js';
import { chaosOptions } from './harness.js';

const register = fileURLToPath(new URL('./sabotage/register.mjs', import.meta.url));

test.each<{ sabotage: string; seed: number; kinds: readonly FaultKind[]; breach: Breach }>([
  { sabotage: 'transaction', seed: 2, kinds: ['service-kill'], breach: 'duplicated' },
  { sabotage: 'version-guard', seed: 2, kinds: ['cache-flush'], breach: 'reordered' },
  // What waits for slow images is under way for long.
  { sabotage: 'commit-after-durable', seed: 2623, kinds: ['service-kill', 'images-slow'], breach: 'lost' },
])('services without $sabotage do not pass', async ({ sabotage, seed, kinds, breach }) => {
  const settings = { NODE_OPTIONS: `--import=${register}`, CHAOS_SABOTAGE: sabotage };
  const report = await runChaos(chaosOptions({ kinds, settings, seed, minutes: 0.5, messagesPerSecond: 40 }));
  expect(report.ok).toBe(false);
  expect(report[breach]).toBeGreaterThan(0);
});
