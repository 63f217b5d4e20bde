import { expect, test } from 'vitest';
import { describeUri } from '../../src/image/describe-uri.js';

test.each([
  ['https://cdn.example/a.jpg?signature=secret#x', 'https://cdn.example/a.jpg'],
  ['https://user:secret@cdn.example/a.jpg', 'https://cdn.example/a.jpg'],
  ['s3://bucket/key\n\u0000x', 's3://bucket/key\ufffd\ufffdx'],
  ['data:image/png;base64,AAAA', 'data:…'],
  ['', ''],
])('%j is told as %j', (uri, told) => {
  expect(describeUri(uri)).toBe(told);
});

test('a long URI is told short', () => {
  expect(describeUri(`https://cdn.example/${'a'.repeat(100_000)}`).length).toBeLessThan(130);
});
