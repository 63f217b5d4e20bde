import { describe, expect, it } from 'vitest';
import { layOut, shorten, toXml } from '../../src/explain/sheet.js';

const tile = (caption: string) => ({ picture: { width: 60, height: 80, data: new Uint8Array(60 * 80 * 3) }, caption, detail: 'detail' });

describe('layOut', () => {
  it('puts all tiles and their captions on the sheet, none over another', () => {
    for (const count of [1, 2, 5, 6, 17]) {
      const sheet = layOut(
        Array.from({ length: count }, (_, at) => tile(`word${at}`)),
        { title: 'title', legend: ['two', 'lines'] },
      );
      expect(sheet.placed).toHaveLength(count);
      const corners = new Set(sheet.placed.map(({ left, top }) => `${left},${top}`));
      expect(corners.size).toBe(count);
      for (const { left, top } of sheet.placed) {
        expect(left + 60).toBeLessThanOrEqual(sheet.width);
        expect(top + 80 + 46).toBeLessThanOrEqual(sheet.height);
      }
      for (let at = 0; at < count; at++) expect(sheet.svg).toContain(`>word${at}<`);
    }
  });

  it('has room for legend and captions under pictures however narrow', () => {
    const legend = [`a ${'legend '.repeat(11)}`, `b ${'legend '.repeat(11)}`];
    const { svg } = layOut([{ ...tile('a longer word'), detail: 'picture 100 %, peak × 12.1' }], { title: 'title', legend });
    for (const line of [...legend, 'a longer word', 'picture 100 %, peak × 12.1']) expect(svg).toContain(`>${line}<`);
  });

  it('writes what a seller wrote as text, whatever it is', () => {
    const { svg } = layOut([tile('<b>&"\u0000\ud800')], { title: 'x'.repeat(500), legend: [] });
    expect(svg).toContain('>&lt;b&gt;');
    expect(svg).not.toContain('\u0000');
    expect(svg).not.toContain('x'.repeat(100));
  });
});

it('shorten counts code points', () => {
  expect(shorten('abc', 3)).toBe('abc');
  expect(shorten('👟👟👟👟', 3)).toBe('👟👟…');
});

it('toXml replaces what XML does not know', () => {
  expect(toXml('a\u0001\ud83d\udc5f\udc5f\ufffe')).toBe('a\ufffd\ud83d\udc5f\ufffd\ufffd');
});
