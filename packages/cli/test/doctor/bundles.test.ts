import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { checkBundles } from '../../src/doctor/bundles.js';

const bundle = (name: string) => fileURLToPath(new URL(`../../../shared/test/fixtures/bundles/${name}`, import.meta.url));

test('bundles that fit are verified by their golden vectors', async () => {
  const checks = await checkBundles({ env: {}, encoderBundle: bundle('encoder'), fusionBundle: bundle('fusion') });
  expect(checks.map(({ name, ok }) => [name, ok])).toEqual([
    ['encoder bundle', true],
    ['fusion bundle', true],
  ]);
});

test('a caption bundle is checked where one is switched on', async () => {
  const pair = { encoderBundle: bundle('encoder'), fusionBundle: bundle('fusion') };
  const [, , caption] = await checkBundles({ env: {}, ...pair, captionBundle: bundle('caption') });
  expect(caption).toMatchObject({ name: 'caption bundle', ok: true });
  const [, , wrong] = await checkBundles({ env: {}, ...pair, captionBundle: bundle('fusion') });
  expect(wrong).toMatchObject({ ok: false, advice: expect.stringContaining('CAPTION_BUNDLE') });
});

test('a bundle that is missing is named, with what to do, and takes the fusion bundle with it', async () => {
  const [encoder, fusion] = await checkBundles({ env: {}, encoderBundle: '/nowhere', fusionBundle: bundle('fusion') });
  expect(encoder).toMatchObject({
    ok: false,
    required: true,
    found: expect.stringContaining('/nowhere'),
    advice: expect.stringContaining('ENCODER_BUNDLE'),
  });
  expect(fusion).toMatchObject({ ok: false });
});

test('two bundles that do not belong together are told', async () => {
  const [encoder, fusion] = await checkBundles({ env: {}, encoderBundle: bundle('encoder'), fusionBundle: bundle('encoder') });
  expect(encoder?.ok).toBe(true);
  expect(fusion).toMatchObject({ ok: false, advice: expect.stringContaining('FUSION_BUNDLE') });
});
