import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleDirectory } from '@labelstream/shared/adapters/file/bundle-files';
import { loadBundle } from '@labelstream/shared/bundle/load';
import { readConfig } from '@labelstream/shared/config';
import type { TokenSequence } from '@labelstream/shared/tensor/token-sequence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fusionSettings } from '../../src/config.js';
import { createOpenHead } from '../../src/serving/open-head.js';
import { createHeadPool, type OpenHead } from '../../src/serving/pool.js';
import { openServingSwitch } from '../../src/serving/switch.js';
import { TINY_ENCODER, TINY_FUSION } from '../harness.js';

const SWITCHES = 50;
/** What the process takes for itself has been taken by then. */
const WARM = 10;
const MAX_GROWTH_MB = 20;

const text: TokenSequence = {
  count: 1,
  width: 8,
  tokens: new Uint16Array([0x3c00, 0, 0x3800, 0, 0xbc00, 0, 0x3400, 0]),
  embedding: new Float32Array(6).fill(1),
};

let folder: string;
let open: OpenHead;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labelstream-switch-'));
  const settings = readConfig(fusionSettings, { ENCODER_BUNDLE: TINY_ENCODER, INFERENCE_RUN_SIZE: '2', BUNDLE_CACHE_DIR: folder });
  open = createOpenHead({ encoder: await loadBundle(TINY_ENCODER, 'encoder'), settings, onRun: () => {} });
});
afterAll(() => rm(folder, { recursive: true }));

/** A copy of the tiny bundle with another id. */
async function another(name: string, change: (manifest: Record<string, never>) => void) {
  const bundle = join(folder, name);
  await cp(bundleDirectory(TINY_FUSION), bundle, { recursive: true });
  const path = join(bundle, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  change(manifest);
  await writeFile(path, JSON.stringify(manifest));
  return { bundle, id: (await loadBundle(bundle, 'fusion')).id };
}

const itself = async () => ({ bundle: TINY_FUSION, id: (await loadBundle(TINY_FUSION, 'fusion')).id });

describe('opening a head', () => {
  it('does not let memory grow over 50 switches, with micro-batches in between', async () => {
    const refs = [await itself(), await another('other', (manifest) => Object.assign(manifest, { generation: 2 }))];
    const servingAt = (number: number) => ({ active: { ...refs[number % refs.length]!, generation: number + 1 } });
    const heads = await openServingSwitch(createHeadPool(open), { number: 0, serving: servingAt(0) });
    const megabytes: number[] = [];
    for (let number = 1; number <= SWITCHES; number++) {
      await heads.prepare(number, servingAt(number));
      heads.switchTo(number);
      const [prediction] = await heads.during((held) => held.active.model.fuse([{ text }]));
      expect(prediction?.labels).toHaveLength(2);
      megabytes.push(process.memoryUsage().rss / 1e6);
    }
    await heads.close();
    const tail = megabytes.slice(WARM);
    expect(Math.max(...tail.slice(-WARM)) - Math.max(...tail.slice(0, WARM))).toBeLessThan(MAX_GROWTH_MB);
  }, 300_000);

  it('refuses another bundle than the one that is asked for', async () => {
    await expect(open({ bundle: TINY_FUSION, id: 'tiny-fusion@000000000000' })).rejects.toMatchObject({
      code: 'BUNDLE_INVALID',
      message: expect.stringContaining('and not tiny-fusion@000000000000'),
    });
  });

  it('refuses one of another encoder, and one whose golden vectors it does not compute', async () => {
    const stranger = await another('stranger', (manifest) => Object.assign(manifest, { requires: { encoder: 'other@0123456789ab' } }));
    await expect(open(stranger)).rejects.toMatchObject({ code: 'BUNDLE_MISMATCH' });
    const wrong = await another('wrong', (manifest) => Object.assign(manifest.golden!, { absoluteTolerance: 1e-12 }));
    await expect(open(wrong)).rejects.toMatchObject({ code: 'BUNDLE_INVALID', message: expect.stringContaining('golden case') });
  });
});
