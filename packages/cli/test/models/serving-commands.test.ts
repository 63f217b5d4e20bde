import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readCliConfig } from '../../src/config.js';
import { runCli } from '../../src/program.js';
import { fakeStream } from '../fake-terminal.js';
import { HEADS_FOLDER } from '../heads.js';

const HEAD = join(HEADS_FOLDER, 'mmbt');

async function models(argv: readonly string[], env: Record<string, string> = {}) {
  const [stdout, stderr] = [fakeStream(), fakeStream()];
  // Nothing answers there.
  const config = readCliConfig({ KAFKA_BROKERS: '127.0.0.1:1', REDIS_STATE_URL: 'redis://127.0.0.1:1', ...env });
  const code = await runCli(['models', ...argv], { config, stdout, stderr, signal: new AbortController().signal });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

describe('the commands that change what is served', () => {
  test.each([
    ['canary without a share', ['canary', HEAD], /Give a bundle and --percent, or --stop/],
    ['canary without anything', ['canary'], /Give a bundle and --percent, or --stop/],
    ['canary to begin and to stop', ['canary', HEAD, '--stop'], /Give a bundle and --percent, or --stop/],
    ['canary of nothing', ['canary', HEAD, '--percent', '0'], /above 0 and up to 100/],
    ['canary of more than all', ['canary', HEAD, '--percent', '101'], /above 0 and up to 100/],
    ['shadow without anything', ['shadow'], /Give a bundle, --report, or --stop/],
    ['shadow to begin and to stop', ['shadow', HEAD, '--stop'], /Give a bundle, --report, or --stop/],
    ['push to nowhere on S3', ['push', HEAD, 's3://UPPER/x'], /not s3:\/\/bucket\/prefix/],
  ])('%s: one sentence', async (_, argv, sentence) => {
    const { code, stderr } = await models(argv);
    expect(code).toBeGreaterThan(0);
    expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(sentence)]);
  });

  test('check a bundle before they ask for anything', async () => {
    expect((await models(['promote', join(HEADS_FOLDER, 'encoder')])).stderr).toContain('a bundle of kind "fusion" is needed');
    expect((await models(['promote', '/nowhere'])).stderr).toContain('there is no manifest.json');
  });

  test('say that the state Redis does not answer', async () => {
    for (const argv of [['status'], ['promote', HEAD], ['rollback'], ['shadow', '--report']]) {
      expect(await models(argv)).toMatchObject({ code: 1, stderr: expect.stringContaining('(state)') });
    }
  });

  test('say that the store of a bundle does not answer', async () => {
    const env = { S3_ENDPOINT: 'http://127.0.0.1:1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
    expect((await models(['verify', 's3://models/x'], env)).stdout).toContain('OBJECT_STORE_UNAVAILABLE');
  });
});
