import { bundleFolder, modelSettings } from '@labelstream/shared/model/settings';
import { z } from 'zod';

/** Settings of the fusion service alone. */
export const fusionSettings = modelSettings.extend({
  FUSION_BUNDLE: bundleFolder()
    .default('models/fusion-fashion-cma')
    .describe('Folder of the fusion bundle; a relative path is taken from the repository root.'),
  CAPTION_BUNDLE: z
    .string()
    .default('')
    .describe('Folder of a caption bundle that proposes titles for listings without text; empty: none are proposed.'),
});
