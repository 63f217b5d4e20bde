import { expect, test } from 'vitest';
import { bytes, integer, message, nested, text } from '../../src/zero-shot/protobuf.js';

const hex = (...fields: Parameters<typeof message>[0]) => Buffer.from(message(fields)).toString('hex');

// The examples of the format's own description.
test('a whole number is its tag and seven bits a byte', () => {
  expect(hex(integer(1, 150))).toBe('089601');
  expect(hex(integer(1, 0))).toBe('0800');
  expect(hex(integer(20, 7))).toBe('a00107');
  expect(hex(integer(3, -1))).toBe('18ffffffffffffffffff01');
  expect(hex(integer(1, 2n ** 40n))).toBe('08808080808020');
});

test('a text is its tag, its length and its bytes', () => {
  expect(hex(text(2, 'testing'))).toBe('120774657374696e67');
  expect(hex(text(2, 'ä'))).toBe('1202c3a4');
  expect(hex(bytes(9, new Uint8Array(200)))).toMatch(/^4ac801(00){200}$/);
});

test('a message in a message is its bytes', () => {
  expect(hex(nested(3, [integer(1, 150)]))).toBe('1a03089601');
  expect(hex(nested(3, []), integer(1, 1))).toBe('1a000801');
});
