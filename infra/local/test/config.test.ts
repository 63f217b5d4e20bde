import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readLocalConfig } from '../src/config.js';

describe('readLocalConfig', () => {
  it('keeps everything under the ignored folder of the repository by default', () => {
    const config = readLocalConfig({});
    expect(config.dataDir).toMatch(/[/\\]\.labelstream$/);
    expect(config.artifactsDir.startsWith(config.dataDir)).toBe(true);
    expect(config.javaHome).toBeNull();
  });

  it('finds the files it starts from', () => {
    const { composeFile, pomFile } = readLocalConfig({});
    expect([existsSync(composeFile), existsSync(pomFile)]).toEqual([true, true]);
  });

  it('takes the folders that the environment names, artifacts apart from data', () => {
    const config = readLocalConfig({ LABELSTREAM_DATA_DIR: '/d', LABELSTREAM_ARTIFACTS_DIR: '/a', JAVA_HOME: '/j' });
    expect(config).toMatchObject({ dataDir: '/d', artifactsDir: '/a', javaHome: '/j' });
  });
});
