import { describe, expect, it } from 'vitest';
import { shareOfSame } from '../../src/bench/relabel.js';

const said = (label: string, confidence: number) => ({ articleType: { label, confidence } });

describe('the share of products of which the same was said', () => {
  it('counts labels and confidences that differ by rounding only', () => {
    const before = new Map([
      ['a', said('Shirts', 0.9)],
      ['b', said('Shirts', 0.9)],
      ['c', said('Shirts', 0.9)],
      ['d', said('Shirts', 0.9)],
    ]);
    const after = new Map([
      ['a', said('Shirts', 0.901)],
      ['b', said('Jeans', 0.9)],
      ['c', said('Shirts', 0.8)],
    ]);
    expect(shareOfSame(before, after)).toBe(0.25);
  });

  it('does not take a task more or less for the same', () => {
    const before = new Map([['a', said('Shirts', 0.9)]]);
    const after = new Map([['a', { ...said('Shirts', 0.9), baseColour: { label: 'Blue', confidence: 0.9 } }]]);
    expect([shareOfSame(before, after), shareOfSame(after, before)]).toEqual([0, 0]);
  });
});
