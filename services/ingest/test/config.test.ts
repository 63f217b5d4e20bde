import { readConfig } from '@labelstream/shared/config';
import { expect, test } from 'vitest';
import { ingestSettings } from '../src/config.js';

const read = (env: Record<string, string>) => readConfig(ingestSettings, env);

test('by default nothing but https and S3 is read', () => {
  expect(read({})).toMatchObject({ IMAGE_HTTP_ALLOWED: false, IMAGE_HOST_ALLOW: [], IMAGE_PORTS_ALLOW: [], MAX_TEXT_BYTES: 65_536 });
  expect(read({}).IMAGE_FILE_ROOT).toBeUndefined();
});

test('lists are read', () => {
  const settings = read({ IMAGE_RETRY_DELAYS_MS: '200, 400', IMAGE_PORTS_ALLOW: '8443', IMAGE_HOST_ALLOW: '127.0.0.1:9000,[::1]' });
  expect(settings).toMatchObject({
    IMAGE_RETRY_DELAYS_MS: [200, 400],
    IMAGE_PORTS_ALLOW: [8443],
    IMAGE_HOST_ALLOW: ['127.0.0.1:9000', '[::1]'],
  });
  expect(read({ IMAGE_RETRY_DELAYS_MS: 'none' }).IMAGE_RETRY_DELAYS_MS).toEqual([]);
});

test.each([
  ['IMAGE_RETRY_DELAYS_MS', 'soon'],
  ['IMAGE_RETRY_DELAYS_MS', '1,-1'],
  ['IMAGE_PORTS_ALLOW', '70000'],
  ['MAX_IMAGE_PIXELS', '0'],
  ['S3_ENDPOINT', 'not a URL'],
  ['FETCH_CONCURRENCY', '0'],
  ['MAX_IMAGES', '0'],
  ['MAX_IMAGES', '17'],
  ['AWS_ACCESS_KEY_ID', 'without-its-secret'],
])('%s=%s is refused by name', (name, value) => {
  expect(() => read({ [name]: value })).toThrowError(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(name) }),
  );
});
