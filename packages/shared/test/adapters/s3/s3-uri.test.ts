import { expect, test } from 'vitest';
import { parseS3Uri } from '../../../src/adapters/s3/s3-uri.js';

test.each([
  ['s3://shop-images/a/b.jpg', 'shop-images', 'a/b.jpg'],
  ['s3://shop.images/a b?c#d%20e', 'shop.images', 'a b?c#d%20e'],
  ['S3://bucket//x', 'bucket', '/x'],
  ['s3://bucket/..a/b../c.d', 'bucket', '..a/b../c.d'],
])('%s', (uri, bucket, key) => {
  expect(parseS3Uri(uri)).toEqual({ bucket, key });
});

test.each([
  's3://bucket',
  's3://bucket/',
  's3:///key',
  's3://169.254.169.254/latest',
  's3://UPPER/key',
  's3://a..b/key',
  's3://user@bucket/key',
  's3://bucket:80/key',
  's3://-bucket/key',
  's3://ab/key',
  `s3://bucket/${'k'.repeat(1025)}`,
  's3:bucket/key',
  's3://bucket/../other/key',
  's3://bucket/a/..',
  's3://bucket/./key',
  's3://bucket/a\r\nHost: b',
  's3://bucket/a\u0000',
])('%.60s is refused', (uri) => {
  expect(() => parseS3Uri(uri)).toThrowError(expect.objectContaining({ code: 'IMAGE_URI_INVALID' }));
});
