import { expect, it, vi } from 'vitest';
import { openS3Client, s3Options } from '../../../src/adapters/s3/client.js';
import { s3Settings } from '../../../src/model/settings.js';

const optionsOf = (env: Record<string, string>) => s3Options(s3Settings.parse(env));

it('says nothing about versions of Node.js to whoever opens the first client', () => {
  const warn = vi.spyOn(process, 'emitWarning');
  openS3Client(optionsOf({})).destroy();
  expect(warn).not.toHaveBeenCalled();
});

it('without settings it is AWS, with what its own chain of credentials finds', () => {
  expect(optionsOf({})).toEqual({ region: 'us-east-1', pathStyle: false });
});

it('takes keys in pairs only, and a session token with them', () => {
  const pair = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
  expect(optionsOf(pair).credentials).toEqual({ accessKeyId: 'a', secretAccessKey: 'b' });
  expect(optionsOf({ ...pair, AWS_SESSION_TOKEN: 'c' }).credentials).toEqual({ accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' });
  expect(optionsOf({ AWS_ACCESS_KEY_ID: 'a' })).not.toHaveProperty('credentials');
});

it('asks another store by its own address and style, without checksums that it may not know', async () => {
  const options = optionsOf({ S3_ENDPOINT: 'http://127.0.0.1:9000', S3_REGION: 'eu-central-1', S3_PATH_STYLE: 'true' });
  const client = openS3Client(options, { maxAttempts: 2 });
  const { config } = client;
  expect(await config.region()).toBe('eu-central-1');
  expect(await config.maxAttempts()).toBe(2);
  expect(config.forcePathStyle).toBe(true);
  expect(await config.responseChecksumValidation()).toBe('WHEN_REQUIRED');
  client.destroy();
});
