import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DemoPlan } from '../../src/demo/plan.js';
import { type EvaluateOptions, evaluate } from '../../src/evaluate/evaluate.js';

const bundle = (name: string) => fileURLToPath(new URL(`../../../shared/test/fixtures/bundles/${name}`, import.meta.url));
const COLOURS = ['#d01010', '#10c030', '#1010d0'];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labelstream-evaluate-'));
  for (const [at, background] of COLOURS.entries()) {
    await writeFile(
      join(folder, `${at}.png`),
      await sharp({ create: { width: 12, height: 16, channels: 3, background } })
        .png()
        .toBuffer(),
    );
  }
});
afterAll(() => rm(folder, { recursive: true }));

/** Three listings with image and text, and one with a text only. */
function plan(): DemoPlan {
  const titles = ['red shirt', 'green dress', 'blue shoe', 'shoe'];
  const messages = titles.map((title, at) => {
    const images = at < COLOURS.length ? [{ uri: pathToFileURL(join(folder, `${at}.png`)).href }] : [];
    const event = { productId: `p${at}`, version: 1, op: 'UPSERT', title, attributes: {}, images, occurredAt: 0 } as const;
    return { key: event.productId, version: 1, payload: { form: 'event', event } } as const;
  });
  return { listings: titles.length, messages, truth: new Map(messages.map(({ key }) => [key, { articleType: 'Shirt' }])) };
}

const run = (options: Partial<EvaluateOptions> = {}) =>
  evaluate({
    plan: plan(),
    encoderBundle: bundle('encoder'),
    fusionBundle: bundle('fusion'),
    threads: 1,
    signal: new AbortController().signal,
    onProgress: () => {},
    ...options,
  });

/** The tiny head with a threshold on the match of image and text. */
async function withThreshold(threshold: number): Promise<string> {
  const copy = join(folder, `fusion ${threshold}`);
  await cp(bundle('fusion'), copy, { recursive: true });
  const manifest = JSON.parse(await readFile(join(copy, 'manifest.json'), 'utf8'));
  const match = { threshold, falseAlarms: 0, found: 1, foundAt2Percent: 1, auroc: 1 };
  await writeFile(join(copy, 'manifest.json'), JSON.stringify({ ...manifest, match }));
  return copy;
}

test('counts what listings were labelled from, and judges every one that has a truth', async () => {
  expect(await run()).toMatchObject({
    listings: 4,
    modalities: { complete: 3, imageOnly: 0, textOnly: 1, neither: 0 },
    mismatched: 0,
    tasks: { articleType: { count: 4 }, baseColour: { count: 0, accuracy: null } },
  });
});

test('counts complete listings whose text is taken for another one’s', async () => {
  expect(await run({ fusionBundle: await withThreshold(1) })).toMatchObject({ modalities: { complete: 3 }, mismatched: 3 });
  expect(await run({ fusionBundle: await withThreshold(-1) })).toMatchObject({ mismatched: 0 });
});

test('with the texts of others, and these noticed, a listing is labelled as if it had none', async () => {
  const fusionBundle = await withThreshold(1);
  const [own, others] = [await run({ fusionBundle }), await run({ fusionBundle, swap: 'text' })];
  expect(others).toMatchObject({ listings: 4, modalities: { complete: 3, textOnly: 1 }, mismatched: 3 });
  expect(others.tasks.articleType!.count).toBe(4);
  expect(own.modalities).toEqual(others.modalities);
});
