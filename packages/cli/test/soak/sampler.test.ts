import { describe, expect, test } from 'vitest';
import { metricOf, takeSample } from '../../src/soak/sampler.js';
import { createRecorder } from '../../src/soak/series.js';

const METRICS = `# HELP process_resident_memory_bytes Resident memory size in bytes.
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 209715200
nodejs_heap_size_used_bytes 52428800
nodejs_external_memory_bytes 1048576
nodejs_eventloop_lag_p99_seconds 0.0115
nodejs_active_resources{type="Timeout"} 9
nodejs_active_resources_total 17
labelstream_lag_messages{stage="ingest",lane="live"} 3
labelstream_lag_messages{stage="ingest",lane="backfill"} 40
labelstream_ingest_modalities_total{modality="image",state="FAILED",reason="IMAGE_NOT_AN_IMAGE"} 2
labelstream_ingest_modalities_total{modality="image",state="FAILED",reason="IMAGE_NOT_DECODABLE"} 5
labelstream_ingest_modalities_total{modality="text",state="FAILED",reason="TEXT_TOO_LARGE"} 100
`;

describe('a sample', () => {
  const recorder = createRecorder();
  const sampled = takeSample(
    {
      services: [
        { stage: 'ingest', port: 1 },
        { stage: 'sink', port: 2 },
      ],
      redis: [
        { of: 'state', url: 'redis://one' },
        { of: 'cache', url: 'redis://two' },
      ],
      askService: async (port) => (port === 1 ? METRICS : null),
      askRedis: async (url) => (url.endsWith('one') ? { keys: 2007, usedBytes: 3 * 1024 ** 2 } : null),
      recorder,
    },
    12,
  );

  test('has every quantity that is told, in its unit, and leaves out who does not answer', async () => {
    await sampled;
    const values = recorder.series().map(({ quantity, of, points }) => [quantity, of, points.map(({ value }) => value)]);
    expect(values).toEqual([
      ['residentMemory', 'ingest', [200]],
      ['heap', 'ingest', [50]],
      ['external', 'ingest', [1]],
      ['eventLoopLag', 'ingest', [11.5]],
      ['activeResources', 'ingest', [17]],
      ['lagLive', 'ingest', [3]],
      ['lagBackfill', 'ingest', [40]],
      ['redisKeys', 'state', [2007]],
      ['redisMemory', 'state', [3]],
    ]);
    expect(recorder.series().every(({ points }) => points[0]?.seconds === 12)).toBe(true);
  });
});

test('a metric is the sum over the labels that are not asked for', () => {
  expect(metricOf(METRICS, 'labelstream_ingest_modalities_total', ['state="FAILED"', 'modality="image"'])).toBe(7);
  expect(metricOf(METRICS, 'labelstream_lag_messages')).toBe(43);
});

test.each(['process_open_fds', 'labelstream_lag', 'lag_messages'])('%s is not there', (metric) => {
  expect(metricOf(METRICS, metric)).toBeNull();
});

test('what is not a number is not there', () => {
  expect(metricOf('some_ratio NaN\n', 'some_ratio')).toBeNull();
});
