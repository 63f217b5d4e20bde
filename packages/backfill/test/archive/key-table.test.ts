import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createKeyTable } from '../../src/archive/key-table.js';

type Key = readonly [number, number, number];
const word = fc.oneof(fc.nat(2), fc.integer({ min: 0, max: 0xffff_ffff }));

/** What a table answers for keys, one after the other, and what a map does. */
function answers(keys: readonly Key[]) {
  const table = createKeyTable();
  const model = new Map<string, number>();
  const expected = keys.map((key) => {
    const known = model.get(String(key)) ?? -1;
    if (known < 0) model.set(String(key), model.size);
    return `${known} ${model.get(String(key))}`;
  });
  const given = keys.map((key) => `${table.find(key)} ${table.add(key)}`);
  return { given, expected, again: keys.map((key) => `${table.find(key)}`), model: keys.map((key) => `${model.get(String(key))}`) };
}

it('keys are numbered in the order in which they are new, alike ones too', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word, word), { maxLength: 40 }), (keys) => {
      const { given, expected, again, model } = answers(keys);
      expect([given, again]).toEqual([expected, model]);
    }),
  );
});

it('numbers stay as they are while the table grows', () => {
  const keys = Array.from({ length: 10_000 }, (_, at): Key => [at % 7, Math.imul(at, 0x9e37_79b1) >>> 0, at % 5000]);
  const { given, expected, again, model } = answers(keys);
  expect([given.join(), again.join()]).toEqual([expected.join(), model.join()]);
});
