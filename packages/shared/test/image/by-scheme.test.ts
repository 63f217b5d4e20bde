import { expect, test } from 'vitest';
import { createImageSourceByScheme, schemeOf } from '../../src/image/by-scheme.js';

const named = (name: string) => ({ fetch: async () => Buffer.from(name) });
const source = createImageSourceByScheme({
  data: named('data'),
  file: named('file'),
  http: named('http'),
  https: named('https'),
  s3: named('s3'),
});

test.each(['data:,', 'file:///a', 'http://a/', 'https://a/', 's3://b/k', 'HTTPS://a/'])(
  '%s goes to the source of its scheme',
  async (uri) => {
    expect(Buffer.from(await source.fetch({ uri })).toString()).toBe(uri.slice(0, uri.indexOf(':')).toLowerCase());
  },
);

test.each(['', 'a.jpg', '/etc/passwd', 'gopher://a/', 'javascript:alert(1)', 'httpsx://a/', ' https://a/', '__proto__:x', 'C:\\a.jpg'])(
  '%j has no scheme that is known',
  async (uri) => {
    expect(schemeOf(uri)).toBeUndefined();
    await expect(source.fetch({ uri })).rejects.toMatchObject({ code: 'IMAGE_URI_INVALID' });
  },
);
