import type { DoctorCheck } from '@labelstream/local/diagnosis';
import { openBundles } from '@labelstream/shared/adapters/onnx/open-bundles';
import { checkCaptionPair, checkPair, loadBundle } from '@labelstream/shared/bundle/load';
import { describeError } from '@labelstream/shared/errors';
import type { CliConfig } from '../config.js';
import { bundleFolder } from '../models/reference.js';

const ADVICE: Readonly<Record<string, string>> = {
  'encoder bundle': 'set ENCODER_BUNDLE to the folder of a whole encoder bundle',
  'fusion bundle': 'set FUSION_BUNDLE to the folder of a whole fusion bundle that was made for this encoder',
  'caption bundle': 'set CAPTION_BUNDLE to the folder of a whole caption bundle that was made for this encoder, or leave it away',
};

/** Checks the bundles, that of captions where there is one, as a service does before it joins its group: manifest, files by hash, the pair, golden vectors. */
export async function checkBundles({
  encoderBundle,
  fusionBundle,
  captionBundle,
  env,
}: Pick<CliConfig, 'encoderBundle' | 'fusionBundle' | 'captionBundle' | 'env'>): Promise<DoctorCheck[]> {
  const encoder = bundleFolder(encoderBundle, { env }).then((folder) => loadBundle(folder, 'encoder'));
  const encoderCheck = await check('encoder bundle', async () => {
    const bundle = await encoder;
    await runGolden([bundle]);
    return bundle.id;
  });
  const fusionCheck = await check('fusion bundle', async () => {
    const bundle = await loadBundle(await bundleFolder(fusionBundle, { env }), 'fusion');
    checkPair(await encoder, bundle);
    await runGolden([bundle]);
    return bundle.id;
  });
  if (captionBundle === undefined) return [encoderCheck, fusionCheck];
  const captionCheck = await check('caption bundle', async () => {
    const bundle = await loadBundle(await bundleFolder(captionBundle, { env }), 'caption');
    checkCaptionPair(await encoder, bundle);
    await runGolden([bundle]);
    return bundle.id;
  });
  return [encoderCheck, fusionCheck, captionCheck];
}

async function runGolden(bundles: Parameters<typeof openBundles>[0]): Promise<void> {
  const { inference } = await openBundles(bundles, { INFERENCE_THREADS: 1, INFERENCE_PROVIDER: 'cpu' }, async () => null);
  await inference.close();
}

async function check(name: keyof typeof ADVICE, verify: () => Promise<string>): Promise<DoctorCheck> {
  try {
    return { name, ok: true, required: true, found: `${await verify()}, verified.` };
  } catch (error) {
    return { name, ok: false, required: true, found: `${describeError(error)}.`, advice: ADVICE[name] ?? '' };
  }
}
