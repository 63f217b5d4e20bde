import { expect, it } from 'vitest';
import { COLOURS, STYLES } from '../../src/catalogue.js';
import { createRandom } from '../../src/random.js';
import { drawPaint } from '../../src/scene/paint.js';
import { styleMarks } from '../../src/scene/styles.js';

it('draws the marks of each style in the colours of the cloth', () => {
  const paint = drawPaint(COLOURS[4], createRandom(1));
  const drawings = STYLES.map((style) => styleMarks(style, paint));
  expect(new Set(drawings).size).toBe(STYLES.length);
  for (const [colour] of drawings.join('').matchAll(/hsl\([^)]*\)/g)) expect(Object.values(paint)).toContain(colour);
  expect(drawings.join('')).not.toMatch(/NaN|undefined/);
});
