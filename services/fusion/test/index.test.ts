import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleDirectory } from '@labelstream/shared/adapters/file/bundle-files';
import { createLog } from '@labelstream/shared/observability/log';
import { createMemoryContext } from '@labelstream/shared/service/memory-context';
import { describe, expect, it } from 'vitest';
import { fusionService } from '../src/index.js';
import { TINY_CAPTION, TINY_ENCODER, TINY_FUSION } from './harness.js';

const context = () => createMemoryContext({ log: createLog({ name: 'test', level: 'silent' }) });
const pair = { ENCODER_BUNDLE: TINY_ENCODER, FUSION_BUNDLE: TINY_FUSION, INFERENCE_RUN_SIZE: '2' };

describe('the fusion service', () => {
  it('checks its bundle, warms up, and is then ready to label', async () => {
    const opened = await context();
    const running = await fusionService.create(opened, pair);
    expect(running.stage).toMatchObject({ name: 'fusion', input: 'encoded', delivery: 'at-least-once' });
    await running.close();
  });

  it('opens a caption bundle where one is named, and refuses one that is not there or no such bundle', async () => {
    const running = await fusionService.create(await context(), { ...pair, CAPTION_BUNDLE: TINY_CAPTION });
    await running.close();
    for (const CAPTION_BUNDLE of ['/nowhere', TINY_FUSION]) {
      await expect(fusionService.create(await context(), { ...pair, CAPTION_BUNDLE })).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
    }
  });

  it('does not start beside another encoder than the one it was trained on', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'labelstream-encoder-'));
    await cp(bundleDirectory(TINY_ENCODER), folder, { recursive: true });
    const path = join(folder, 'manifest.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"tiny-encoder"', '"other-encoder"'));
    await expect(fusionService.create(await context(), { ...pair, ENCODER_BUNDLE: folder })).rejects.toMatchObject({
      code: 'BUNDLE_MISMATCH',
    });
    await rm(folder, { recursive: true });
  });
});
