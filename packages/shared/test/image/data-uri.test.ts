import { expect, test } from 'vitest';
import { createDataImageSource } from '../../src/image/data-uri.js';

const source = createDataImageSource({ maxBytes: 6 });
const hello = Buffer.from('hello');

test.each([
  ['data:image/png;base64,aGVsbG8=', hello],
  ['data:;base64,aGVsbG8', hello],
  ['DATA:image/png;charset=x;BASE64,aGVsbG8%3D', hello],
  ['data:image/png;base64,', Buffer.alloc(0)],
])('%s holds its bytes', async (uri, bytes) => {
  expect(Buffer.from(await source.fetch({ uri }))).toEqual(bytes);
});

test.each([
  ['data:image/png,hello', 'IMAGE_URI_INVALID'],
  ['data:image/png;base64', 'IMAGE_URI_INVALID'],
  ['data:image/png;base64,a!b', 'IMAGE_URI_INVALID'],
  ['data:image/png;base64,a=b=', 'IMAGE_URI_INVALID'],
  [`data:image/png;base64,${'A'.repeat(12)}`, 'IMAGE_TOO_LARGE'],
  [`data:image/png;base64,${'A'.repeat(10_000_000)}`, 'IMAGE_TOO_LARGE'],
])('%.40s → %s', async (uri, code) => {
  await expect(source.fetch({ uri })).rejects.toMatchObject({ code });
});
