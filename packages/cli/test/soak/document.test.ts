import { expect, test } from 'vitest';
import { soakDocument } from '../../src/soak/document.js';
import { reportWith } from './a-report.js';

test('the stored result is JSON with a line per series', () => {
  const report = reportWith();
  const text = soakDocument(report, { node: 'v20', cores: 2 });
  const { series, ...read } = JSON.parse(text);
  const { series: expected, ...rest } = report;
  expect(read).toEqual({ node: 'v20', cores: 2, ...rest });
  expect(series).toEqual(expected.map(({ points, ...one }) => ({ ...one, points: points.map(({ seconds, value }) => [seconds, value]) })));
  expect(text.split('\n').filter((line) => line.includes('"points"'))).toHaveLength(expected.length);
});
