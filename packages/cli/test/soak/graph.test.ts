import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { drawSoak, stepOf } from '../../src/soak/graph.js';
import { QUANTITIES } from '../../src/soak/quantities.js';
import { reportWith, seriesOf } from './a-report.js';

describe('the graph', () => {
  const svg = drawSoak(reportWith());

  test('has a panel per quantity and a line per process, and is small', () => {
    for (const { title, unit } of QUANTITIES) expect(svg).toContain(`>${title}, ${unit}</text>`);
    expect(svg.match(/class="line /g)).toHaveLength(8 * 4 + 2 * 2);
    expect(Buffer.byteLength(svg)).toBeLessThan(150_000);
  });

  test('is a picture', async () => {
    expect(await sharp(Buffer.from(svg)).metadata()).toMatchObject({ format: 'svg', width: 940 });
  });

  test('has no number that is none', () => {
    const empty = drawSoak(reportWith({ seconds: 60, series: [seriesOf('lagLive', 'sink', () => 0)] }));
    for (const drawn of [svg, empty]) expect(drawn).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('names what grows', () => {
    const grown = drawSoak(reportWith({ series: [seriesOf('heap', 'sink', (seconds) => 50 + seconds / 36)] }));
    expect(grown).toMatch(/>sink \d+ grows</);
    expect(svg).not.toContain('grows');
  });
});

test('steps are round, reach the maximum, and not much beyond', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, min: 1e-3, max: 1e9 }), fc.integer({ min: 1, max: 10 }), (max, count) => {
      const step = stepOf(max, count);
      expect(step * count).toBeGreaterThanOrEqual(max * (1 - 1e-6));
      expect(step * count).toBeLessThanOrEqual(max * 2.5 * (1 + 1e-6));
      expect(['1', '2', '5', '2.5', '10'].map(Number)).toContain(Number((step / 10 ** Math.floor(Math.log10(step) + 1e-9)).toPrecision(3)));
    }),
  );
});
