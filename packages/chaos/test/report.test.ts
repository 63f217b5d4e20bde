import { expect, test } from 'vitest';
import { check } from '../src/checker/check.js';
import type { DoneFault } from '../src/faults/recovery.js';
import { reportLines, reportOf } from '../src/report.js';
import { bad, labelsOf, letterOf, upsert } from './checker/streams.js';

const fault = (kind: DoneFault['kind']): DoneFault => ({ kind, target: '', startedAtMs: 0, releasedAtMs: 0 });

function report({ labels = [labelsOf('p', 1, 0)], drainSeconds = 2 as number | null } = {}) {
  const evidence = { sent: [upsert('p', 1), bad(1)], labels, deadLetters: [letterOf(bad(1))] };
  return reportOf({
    seed: 9,
    minutes: 1,
    verdict: check(evidence),
    faults: [fault('kafka-kill'), fault('kafka-kill'), fault('cache-flush')],
    recovery: { 'kafka-kill': { p50Seconds: 4, p95Seconds: 6 } },
    drainSeconds,
    restarts: 3,
    ...evidence,
  });
}

test('counts what was sent, seen and broken', () => {
  expect(report()).toMatchObject({
    ok: true,
    lost: 0,
    duplicated: 0,
    reordered: 0,
    wrong: 0,
    faults: 3,
    faultsByKind: { 'kafka-kill': 2, 'cache-flush': 1 },
    sent: { events: 2, products: 1, bad: 1 },
    seen: { labels: 1, tombstones: 0, deadLetters: 1, generations: [1] },
  });
});

test('a broken promise is not ok, and neither is a pipeline that does not come to rest', () => {
  expect(report({ labels: [] })).toMatchObject({ ok: false, lost: 1, violations: [{ breach: 'lost', productId: 'p' }] });
  expect(report({ drainSeconds: null })).toMatchObject({ ok: false });
});

test('the lines for people name the counts, the faults and the seed', () => {
  const text = reportLines(report()).join('\n');
  expect(text).toContain('lost 0, duplicated 0, reordered 0, wrong 0');
  expect(text).toMatch(/kafka-kill +2 {2}recovered in 4 s \(p95 6 s\)/);
  expect(text).toContain('seed 9');
  expect(reportLines(report({ labels: [] })).join('\n')).toContain('A PROMISE IS BROKEN');
});
