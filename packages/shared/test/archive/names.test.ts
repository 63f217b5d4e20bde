import { expect, it } from 'vitest';
import { indexKey, nameObject, objectKey, partitionPrefix, readKey } from '../../src/archive/names.js';

const name = nameObject('e@0123456789ab', Date.UTC(2026, 10, 24, 23, 59, 58, 7), 'ab12');

it('an object lies under its encoder and date, its index beside it', () => {
  expect(objectKey(name)).toBe('e@0123456789ab/date=2026-11-24/20261124T235958007Z-ab12.avro');
  expect(indexKey(name)).toBe('e@0123456789ab/date=2026-11-24/20261124T235958007Z-ab12.index.avro');
  expect(partitionPrefix(name.encoderId)).toBe('e@0123456789ab/');
});

it('keys are read again, and others are nothing of the archive', () => {
  expect(readKey(objectKey(name))).toEqual({ ...name, kind: 'object' });
  expect(readKey(indexKey(name))).toEqual({ ...name, kind: 'index' });
  for (const key of ['', 'x', 'a/date=2026-11-24/x.avro', 'a/b/date=2026-11-24/20261124T-a.avro', `${objectKey(name)}.tmp`]) {
    expect(readKey(key)).toBeUndefined();
  }
});

it('objects of a date are in the order in which they were begun', () => {
  const at = (ms: number) => objectKey(nameObject('e', ms, 'zz'));
  expect(at(1_000_000) < at(1_000_001)).toBe(true);
});
