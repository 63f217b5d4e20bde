import type { WorkerStatus } from '@labelstream/shared/stream/worker';
import { expect, test } from 'vitest';
import { dropsOf, reportOf, serviceName, silentReport, stageOf } from '../../src/pipeline/report.js';

const METRICS = `# HELP labelstream_drops_total Messages dropped on purpose, by reason.
# TYPE labelstream_drops_total counter
labelstream_drops_total{stage="sink",reason="STALE_VERSION"} 2
labelstream_drops_total{stage="sink",reason="UNCHANGED"} 7
labelstream_drops_total{stage="fusion",reason="SUPERSEDED"} 1
labelstream_messages_total{stage="sink",lane="live",outcome="drop"} 9
`;

const status: WorkerStatus = {
  stage: 'sink',
  ready: true,
  healthy: true,
  outages: [],
  outcomes: { emit: 3, drop: 9, deadLetter: 0, defer: 0 },
  lag: { live: 4, backfill: 5 },
  inFlight: 0,
  buffered: { live: 0, backfill: 0 },
  paused: { live: [], backfill: [] },
  downstreamLag: null,
  utilisation: 0,
  partitions: 2,
};

test('a report joins what the worker says and what its metrics count', () => {
  expect(reportOf(status, 42, METRICS)).toEqual({
    name: 'sink',
    pid: 42,
    health: 'ready',
    lag: 9,
    outcomes: { emit: 3, drop: 9, deadLetter: 0, defer: 0 },
    drops: { STALE_VERSION: 2, UNCHANGED: 7 },
  });
});

test('a worker that waits or hangs is unready, and a lag not yet measured is none', () => {
  expect(reportOf({ ...status, ready: false }, 1, '').health).toBe('unready');
  expect(reportOf({ ...status, healthy: false }, 1, '').health).toBe('unready');
  expect(reportOf({ ...status, lag: null }, 1, '').lag).toBe(0);
});

test('a silent service is unready while its process lives, else down', () => {
  expect(silentReport('ingest', 1, true).health).toBe('unready');
  expect(silentReport('ingest', 1, false).health).toBe('down');
});

test('drops are those of the stage alone', () => {
  expect(dropsOf(METRICS, 'fusion')).toEqual({ SUPERSEDED: 1 });
  expect(dropsOf(METRICS, 'ingest')).toEqual({});
});

test('services of different deployments have different names that tell the stage', () => {
  expect(serviceName('', 'sink')).toBe('sink');
  expect(serviceName('demo-abc.', 'sink')).toBe('demo-abc-sink');
  expect(stageOf('sink')).toBe('sink');
  expect(stageOf('demo-abc-sink')).toBe('sink');
  expect(stageOf('something')).toBeNull();
});
