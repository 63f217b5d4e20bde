import { describe, expect, test } from 'vitest';
import { headline, renderSoak } from '../../src/soak/report.js';
import { levelSeries, reportWith, seriesOf } from './a-report.js';

describe('ok', () => {
  test('when all is flat and accounted for', () => {
    expect(reportWith()).toMatchObject({ ok: true, events: { unaccounted: 0, perSecond: 40 } });
  });

  test.each([
    ['something grows', { series: [...levelSeries(), seriesOf('heap', 'other', (seconds) => 50 + seconds / 36)] }],
    ['a process fell silent', { series: [...levelSeries(), { quantity: 'heap', of: 'other', points: [{ seconds: 3599, value: 1 }] }] }],
    ['nothing was sampled', { series: [] }],
    ['an event is missing', { counts: { sent: 144_000, labelled: 137_000, deleted: 6_999 } }],
    ['a picture failed', { picturesFailed: 1 }],
    ['the services were slower than they should have been', { counts: { sent: 130_000, labelled: 123_000, deleted: 7_000 } }],
  ])('not when %s', (_, changed) => {
    expect(reportWith(changed).ok).toBe(false);
  });
});

test('samples are few and short', () => {
  const { series } = reportWith({ series: [seriesOf('heap', 'sink', (seconds) => seconds / 3)] });
  expect(series[0]?.points.length).toBeLessThanOrEqual(120);
  expect(JSON.stringify(series).length).toBeLessThan(5000);
});

test('the terminal shows every series and what became of the events', () => {
  const report = reportWith({ series: [seriesOf('heap', 'sink', (seconds) => 50 + seconds / 36)] });
  const text = renderSoak(report, (titles, rows) => [titles, ...rows].map((row) => row.join(' | ')).join('\n'));
  expect(text).toContain('60 min at 40 events/s, 50 % of capacity');
  expect(text).toMatch(/^JavaScript heap in use \| sink \| MiB \| .* \| 100\.0 \| 8\.0 \| grows$/m);
  expect(text).toContain('144000 events sent (40/s), 137000 labelled, 7000 deleted, 0 unaccounted');
  expect(text).toContain('Something grows');
});

test('a rate of one’s own has no capacity', () => {
  expect(headline(reportWith({ capacityPerSecond: null, seconds: 120 }))).toBe('2 min at 40 events/s');
});
