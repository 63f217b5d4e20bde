import { graphFiles } from '../../bundle/graphs.js';
import { verifyGolden } from '../../bundle/load.js';
import type { Bundle } from '../../bundle/manifest.js';
import type { ModelSettings } from '../../model/settings.js';
import type { Inference } from '../../ports/inference.js';
import { openInference } from './inference.js';

/**
 * Opens the graphs of loaded bundles, has each bundle check itself by its golden vectors, and then builds a model over them. Whatever
 * throws on the way ends the inference again. Throws BUNDLE_INVALID or INFERENCE_FAILED.
 *
 * @param build makes the model, and may warm it up
 */
export async function openBundles<M>(
  bundles: readonly Bundle[],
  settings: Pick<ModelSettings, 'INFERENCE_THREADS' | 'INFERENCE_PROVIDER'>,
  build: (inference: Inference) => Promise<M>,
): Promise<{ readonly inference: Inference; readonly model: M }> {
  const inference = await openInference({
    graphs: Object.assign({}, ...bundles.map(graphFiles)),
    threads: settings.INFERENCE_THREADS,
    providers: settings.INFERENCE_PROVIDER === 'cuda' ? ['cuda', 'cpu'] : ['cpu'],
  });
  try {
    for (const bundle of bundles) await verifyGolden(bundle, inference);
    return { inference, model: await build(inference) };
  } catch (error) {
    await inference.close();
    throw error;
  }
}
