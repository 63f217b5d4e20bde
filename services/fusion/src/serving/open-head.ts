import { openBundles } from '@labelstream/shared/adapters/onnx/open-bundles';
import { fetchBundle } from '@labelstream/shared/adapters/s3/fetch-bundle';
import { checkPair, loadBundle } from '@labelstream/shared/bundle/load';
import type { Bundle, EncoderManifest } from '@labelstream/shared/bundle/manifest';
import { LabelstreamError } from '@labelstream/shared/errors';
import type { RunObserver } from '@labelstream/shared/model/encoder-model';
import { createFusionModel } from '@labelstream/shared/model/fusion-model';
import type { ModelSettings } from '@labelstream/shared/model/settings';
import type { OpenHead } from './pool.js';

export interface OpenHeadDeps {
  readonly encoder: Bundle<EncoderManifest>;
  readonly settings: ModelSettings;
  readonly onRun: RunObserver;
}

/**
 * Opens heads in the process's one inference thread. Each of its graphs is opened, and each run for its golden vectors and its warm-up made,
 * between two runs of the head that serves.
 */
export function createOpenHead({ encoder, settings, onRun }: OpenHeadDeps): OpenHead {
  return async ({ bundle: reference, id }) => {
    const bundle = await loadBundle(await fetchBundle(reference, settings), 'fusion');
    if (bundle.id !== id) throw new LabelstreamError('BUNDLE_INVALID', `${reference} holds ${bundle.id}, and not ${id}`);
    checkPair(encoder, bundle);
    const { inference, model } = await openBundles([bundle], settings, async (opened) => {
      const head = createFusionModel(bundle, encoder, { inference: opened, maxRunSize: settings.INFERENCE_RUN_SIZE, onRun });
      await head.warmUp();
      return head;
    });
    return { id, model, failed: inference.failed, close: inference.close };
  };
}
