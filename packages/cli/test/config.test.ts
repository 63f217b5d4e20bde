import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readCliConfig } from '../src/config.js';

test('defaults lie in the repository, wherever the command is run', () => {
  const { repositoryRoot, encoderBundle, fusionBundle, dataDir, topicPrefix } = readCliConfig({});
  expect(existsSync(join(repositoryRoot, 'pnpm-workspace.yaml'))).toBe(true);
  expect(encoderBundle).toBe(join(repositoryRoot, 'models', 'encoder-fashion-small'));
  expect(fusionBundle).toBe(join(repositoryRoot, 'models', 'fusion-fashion-cma'));
  expect(dataDir).toBe(join(repositoryRoot, '.labelstream'));
  expect(topicPrefix).toBe('');
});

test('the environment names other folders; bundles are relative to the repository, as for the services', () => {
  const config = readCliConfig({
    LABELSTREAM_DATA_DIR: '/data',
    ENCODER_BUNDLE: 'models/other',
    FUSION_BUNDLE: '/b/f',
    TOPIC_PREFIX: 'a.',
  });
  expect(config).toMatchObject({
    dataDir: '/data',
    encoderBundle: join(config.repositoryRoot, 'models/other'),
    fusionBundle: '/b/f',
    topicPrefix: 'a.',
  });
});

test('colours and stacks are a matter of the environment', () => {
  expect(readCliConfig({})).toMatchObject({ colours: true, debug: false });
  expect(readCliConfig({ NO_COLOR: '1', LOG_LEVEL: 'debug' })).toMatchObject({ colours: false, debug: true });
});
