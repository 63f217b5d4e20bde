import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadBundle } from '@labelstream/shared/bundle/load';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { copyAsNextGeneration, openFusionBundle } from '../../src/adapters/bundles.js';

const fixture = fileURLToPath(new URL('../../../shared/test/fixtures/bundles/fusion', import.meta.url));
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaos-bundles-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a copy of the next generation is a bundle that services accept, under an id of its own', async () => {
  const first = await openFusionBundle(fixture);
  const second = await copyAsNextGeneration(first, folder);
  const third = await copyAsNextGeneration(second, folder);
  const [original, copy] = await Promise.all([loadBundle(fixture, 'fusion'), loadBundle(third.folder, 'fusion')]);
  expect(copy.manifest.generation).toBe(original.manifest.generation + 2);
  expect(copy.id).not.toBe(original.id);
  expect({ ...copy.manifest, generation: 0 }).toEqual({ ...original.manifest, generation: 0 });
});
