import { bundleFolder, modelSettings } from '@labelstream/shared/model/settings';
import { z } from 'zod';

/** Settings of the fusion service alone. */
export const fusionSettings = modelSettings.extend({
  FUSION_BUNDLE: bundleFolder()
    .default('models/fusion-fashion-cma')
    .describe(
      'The fusion bundle, a folder or `s3://bucket/prefix`, that is served until `labelstream models promote` has named one (docs/models.md).',
    ),
  CAPTION_BUNDLE: z
    .string()
    .default('')
    .describe(
      'Caption bundle, a folder or `s3://bucket/prefix`, that proposes titles for listings without text; empty: none are proposed.',
    ),
});
export type FusionSettings = z.infer<typeof fusionSettings>;
