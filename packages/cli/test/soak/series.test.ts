import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRecorder, thin } from '../../src/soak/series.js';

const series = fc
  .array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { maxLength: 300 })
  .map((values) => values.map((value, seconds) => ({ seconds, value })));

test('thinning keeps the order, the ends of the range and the bound', () => {
  fc.assert(
    fc.property(series, fc.integer({ min: 2, max: 100 }), (points, limit) => {
      const kept = thin(points, limit);
      expect(kept.length).toBeLessThanOrEqual(limit);
      expect(kept).toEqual(points.filter((point) => kept.includes(point)));
      const values = (some: typeof points) => some.map(({ value }) => value);
      expect(Math.max(...values(kept))).toBe(Math.max(...values(points)));
      expect(Math.min(...values(kept))).toBe(Math.min(...values(points)));
    }),
  );
});

test('few points stay as they are', () => {
  const points = [3, 1, 2].map((value, seconds) => ({ seconds, value }));
  expect(thin(points, 3)).toEqual(points);
});

test('the recorder keeps one series per quantity and process', () => {
  const recorder = createRecorder();
  recorder.add('heap', 'ingest', { seconds: 0, value: 1 });
  recorder.add('heap', 'sink', { seconds: 0, value: 2 });
  recorder.add('heap', 'ingest', { seconds: 5, value: 3 });
  expect(recorder.series()).toEqual([
    {
      quantity: 'heap',
      of: 'ingest',
      points: [
        { seconds: 0, value: 1 },
        { seconds: 5, value: 3 },
      ],
    },
    { quantity: 'heap', of: 'sink', points: [{ seconds: 0, value: 2 }] },
  ]);
});
