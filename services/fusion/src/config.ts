import { bundleFolder, modelSettings } from '@labelstream/shared/model/settings';

/** Settings of the fusion service alone. */
export const fusionSettings = modelSettings.extend({
  FUSION_BUNDLE: bundleFolder()
    .default('models/fusion-fashion-cma')
    .describe('Folder of the fusion bundle; a relative path is taken from the repository root.'),
});
