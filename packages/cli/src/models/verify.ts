import { openBundles } from '@labelstream/shared/adapters/onnx/open-bundles';
import { checkCaptionPair, checkPair, loadAnyBundle, loadBundle } from '@labelstream/shared/bundle/load';
import type { Bundle, EncoderManifest } from '@labelstream/shared/bundle/manifest';
import { describeError } from '@labelstream/shared/errors';
import type { CliConfig } from '../config.js';
import { bundleFolder, bundleReference } from './reference.js';

/** What `models verify` found of one bundle. */
export type Verdict = { readonly folder: string } & (
  | { readonly ok: true; readonly id: string }
  | { readonly ok: false; readonly problem: string }
);

/**
 * Verifies a bundle as a service does before it starts: manifest against the schema, files by hash, golden vectors through ONNX Runtime;
 * with `encoder`, also that a head or a decoder is for that encoder.
 */
export async function verifyBundle(given: string, config: Pick<CliConfig, 'env'>, encoder?: string): Promise<Verdict> {
  const folder = bundleReference(given);
  try {
    const bundle = await loadAnyBundle(await bundleFolder(given, config));
    if (encoder !== undefined) await verifyPair(bundle, await loadBundle(await bundleFolder(encoder, config), 'encoder'));
    const { inference } = await openBundles([bundle], { INFERENCE_THREADS: 1, INFERENCE_PROVIDER: 'cpu' }, async () => null);
    await inference.close();
    return { folder, ok: true, id: bundle.id };
  } catch (error) {
    return { folder, ok: false, problem: describeError(error) };
  }
}

async function verifyPair(bundle: Bundle, encoder: Bundle<EncoderManifest>): Promise<void> {
  const { manifest } = bundle;
  if (manifest.kind === 'fusion') checkPair(encoder, { ...bundle, manifest });
  if (manifest.kind === 'caption') checkCaptionPair(encoder, { ...bundle, manifest });
}
