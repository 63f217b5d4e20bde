import { expect, test } from 'vitest';
import { checkHttpUri, type HttpPolicy } from '../../src/net/http-uri.js';

const strict: HttpPolicy = { plainHttp: false, ports: [], hosts: [] };
const loose: HttpPolicy = { plainHttp: true, ports: [8443], hosts: ['127.0.0.1:9000', 'Images.Shop.test', '[::1]:9000'] };

const codeOf = (uri: string, policy: HttpPolicy) => {
  try {
    checkHttpUri(uri, policy);
    return 'allowed';
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

test.each([
  ['an ordinary image', 'https://cdn.shop.example/a/b.jpg?w=100', 'allowed'],
  ['a public address', 'https://8.8.8.8/a.jpg', 'allowed'],
  ['a public IPv6 address', 'https://[2606:4700:4700::1111]/a.jpg', 'allowed'],
  ['plain http', 'http://cdn.shop.example/a.jpg', 'IMAGE_URI_FORBIDDEN'],
  ['another port', 'https://cdn.shop.example:8443/a.jpg', 'IMAGE_URI_FORBIDDEN'],
  ["a database's port", 'https://cdn.shop.example:6379/a.jpg', 'IMAGE_URI_FORBIDDEN'],
  ['a user', 'https://user@cdn.shop.example/a.jpg', 'IMAGE_URI_FORBIDDEN'],
  ['a password', 'https://user:secret@cdn.shop.example/a.jpg', 'IMAGE_URI_FORBIDDEN'],
  ['loopback', 'https://127.0.0.1/a.jpg', 'IMAGE_URI_FORBIDDEN'],
  ['loopback in hex', 'https://0x7f.1/a.jpg', 'IMAGE_URI_FORBIDDEN'],
  ['loopback as one number', 'https://2130706433/a.jpg', 'IMAGE_URI_FORBIDDEN'],
  ['loopback in octal', 'https://0177.0.0.1/a.jpg', 'IMAGE_URI_FORBIDDEN'],
  ['loopback, short', 'https://127.1/a.jpg', 'IMAGE_URI_FORBIDDEN'],
  ['loopback in full-width digits', 'https://１２７.0.0.1/a.jpg', 'IMAGE_URI_FORBIDDEN'],
  ['a public address in hex', 'https://0x08080808/a.jpg', 'IMAGE_URI_FORBIDDEN'],
  ['IPv6 loopback', 'https://[::1]/a.jpg', 'IMAGE_URI_FORBIDDEN'],
  ['mapped loopback', 'https://[::ffff:127.0.0.1]/a.jpg', 'IMAGE_URI_FORBIDDEN'],
  ['another scheme', 'ftp://cdn.shop.example/a.jpg', 'IMAGE_URI_FORBIDDEN'],
  ['a file', 'file:///etc/passwd', 'IMAGE_URI_FORBIDDEN'],
  ['no URI', 'a.jpg', 'IMAGE_URI_INVALID'],
  ['no host', 'https:///', 'IMAGE_URI_INVALID'],
  ['a zone', 'https://[fe80::1%25lo]/a.jpg', 'IMAGE_URI_INVALID'],
  ['a space', 'https://cdn.shop.example/a b.jpg', 'IMAGE_URI_INVALID'],
  ['a line break', 'https://cdn.shop\n.example/a.jpg', 'IMAGE_URI_INVALID'],
  ['a backslash', 'https:\\\\cdn.shop.example\\a.jpg', 'IMAGE_URI_INVALID'],
  ['too long', `https://cdn.shop.example/${'a'.repeat(5000)}`, 'IMAGE_URI_INVALID'],
])('%s: %s → %s', (_, uri, expected) => {
  expect(codeOf(uri, strict)).toBe(expected);
});

test.each([
  ['http where it is allowed', 'http://cdn.shop.example/a.jpg', 'allowed'],
  ['a port that is allowed', 'https://cdn.shop.example:8443/a.jpg', 'allowed'],
  ['an address of the allow list', 'http://127.0.0.1:9000/a.jpg', 'allowed'],
  ['the same spelled differently', 'http://127.1:9000/a.jpg', 'allowed'],
  ['an IPv6 address of the allow list', 'http://[::1]:9000/a.jpg', 'allowed'],
  ['another port of it', 'http://127.0.0.1:9001/a.jpg', 'IMAGE_URI_FORBIDDEN'],
  ['a host of the allow list, any port', 'http://images.shop.test:1234/a.jpg', 'allowed'],
  ['a host that ends like one of the allow list', 'http://evil-images.shop.test:1234/a.jpg', 'IMAGE_URI_FORBIDDEN'],
  ['a user even there', 'http://user@127.0.0.1:9000/a.jpg', 'IMAGE_URI_FORBIDDEN'],
])('with an allow list, %s: %s → %s', (_, uri, expected) => {
  expect(codeOf(uri, loose)).toBe(expected);
});

test('only hosts of the allow list are trusted', () => {
  expect(checkHttpUri('https://images.shop.test/a.jpg', loose).trusted).toBe(true);
  expect(checkHttpUri('https://cdn.shop.example/a.jpg', loose).trusted).toBe(false);
});

test('neither credentials nor queries get into an error', () => {
  expect(() => checkHttpUri('https://user:secret@127.0.0.1/a.jpg?signature=secret', strict)).toThrowError(/^(?!.*secret).*$/);
});
