import { expect, it } from 'vitest';
import { checkObjectKey } from '../../../src/adapters/common/object-key.js';

it.each(['a', 'a/b', 'e@1/date=2026-01-02/x-1.index.avro', 'ü b', 'a..b'])('%j can be a key', (key) => {
  expect(checkObjectKey(key)).toBe(key);
});

it.each(['', '/a', 'a/', 'a//b', '..', 'a/../b', '.a', 'a/.b', 'a\0', 'a\n/../b'])('%j cannot', (key) => {
  expect(() => checkObjectKey(key)).toThrowError(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});
