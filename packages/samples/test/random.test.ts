import { describe, expect, it } from 'vitest';
import { createRandom, hashText } from '../src/random.js';

describe('createRandom', () => {
  it('gives the same numbers for the same seed and name, others for another', () => {
    const draw = (seed: number, name: string) => {
      const random = createRandom(seed, name);
      return Array.from({ length: 5 }, () => random.next());
    };
    expect(draw(1, 'a')).toEqual(draw(1, 'a'));
    expect(draw(1, 'a')).not.toEqual(draw(2, 'a'));
    expect(draw(1, 'a')).not.toEqual(draw(1, 'b'));
  });

  it('draws evenly between 0 and 1', () => {
    const random = createRandom(7);
    const buckets = new Array<number>(10).fill(0);
    for (let i = 0; i < 20_000; i += 1) buckets[Math.floor(random.next() * 10)]! += 1;
    for (const count of buckets) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });

  it('shuffles without losing anything or touching the list given', () => {
    const items = Array.from({ length: 50 }, (_, i) => i);
    const order = createRandom(3).shuffle(items);
    expect(order).not.toEqual(items);
    expect([...order].sort((a, b) => a - b)).toEqual(items);
    expect(items[0]).toBe(0);
  });
});

describe('hashText', () => {
  it('is FNV-1a', () => {
    // Published test values of the 32-bit hash.
    expect(hashText('')).toBe(0x811c9dc5);
    expect(hashText('a')).toBe(0xe40c292c);
    expect(hashText('foobar')).toBe(0xbf9cf968);
  });
});
