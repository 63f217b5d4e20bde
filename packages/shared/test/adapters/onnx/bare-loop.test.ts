import { expect, it } from 'vitest';
import { bareLoop } from '../../../src/adapters/onnx/bare-loop.js';
import { loadBundle } from '../../../src/bundle/load.js';

it('measures every batch size and names the fastest first', async () => {
  const bundle = await loadBundle('packages/shared/test/fixtures/bundles/encoder', 'encoder');
  const results = await bareLoop({ bundle, threads: 1, batchSizes: [1, 4], seconds: 0.05, textLengths: [3, 5, 12] });
  expect(results.map(({ batchSize }) => batchSize).sort()).toEqual([1, 4]);
  expect(results[0]!.listingsPerSecond).toBeGreaterThanOrEqual(results[1]!.listingsPerSecond);
  expect(results[1]!.listingsPerSecond).toBeGreaterThan(0);
});
