import { eventOf } from '@labelstream/backfill/source/event';
import { describe, expect, it } from 'vitest';
import { parseDrop } from '../../src/source/drop.js';

const ids = Array.from({ length: 4000 }, (_, i) => `p${i}`);

describe('--drop', () => {
  it('takes one modality away from all, or nothing from any', () => {
    expect(ids.every((id) => parseDrop('image')(id) === 'image')).toBe(true);
    expect(ids.every((id) => parseDrop(undefined)(id) === 'none')).toBe(true);
  });

  it('takes half of a mixed share from each modality, always the same for a product', () => {
    const plan = parseDrop('mixed:0.7');
    const count = (what: string) => ids.filter((id) => plan(id) === what).length / ids.length;
    expect(count('image')).toBeCloseTo(0.35, 1);
    expect(count('text')).toBeCloseTo(0.35, 1);
    expect(ids.map(plan)).toEqual(ids.map(parseDrop('mixed:0.7')));
  });

  it.each(['both', 'mixed', 'mixed:2', 'mixed:-1', ''])('refuses %j', (text) => {
    expect(() => parseDrop(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

describe('the event of a row', () => {
  const row = { productId: '1', title: 'Blue shirt', version: 2, columns: { articleType: 'Shirts' } };

  it('never carries the truth', () => {
    expect(JSON.stringify(eventOf(row, 'file:///1.jpg', 'none', 5))).not.toContain('Shirts');
  });

  it('lacks what was dropped', () => {
    expect(eventOf(row, 'file:///1.jpg', 'image', 5)).toMatchObject({ title: 'Blue shirt', images: [] });
    expect(eventOf(row, 'file:///1.jpg', 'text', 5)).not.toHaveProperty('title');
  });
});
