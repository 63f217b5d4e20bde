import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { InMessage } from '../../src/ports/broker.js';
import { createStreamMetrics } from '../../src/stream/metrics.js';
import { deadLetter, defer, drop, emit } from '../../src/stream/outcome.js';

const message: InMessage = {
  topic: 't',
  partition: 0,
  offset: 0,
  lane: 'backfill',
  key: null,
  value: null,
  headers: {},
  timestampMs: 1000,
  generation: 1,
};

describe('createStreamMetrics', () => {
  it('counts every outcome once, by lane, and its reason', async () => {
    const registry = new Registry();
    const metrics = createStreamMetrics(registry, 'ingest');
    metrics.outcome(message, emit([], 'IMAGE_PENDING'), 1000);
    metrics.outcome(message, drop('STALE_VERSION'), 1000);
    metrics.outcome(message, deadLetter('EVENT_INVALID', 'why'), 1000);
    metrics.outcome(message, defer('IMAGE_NOT_FOUND'), 1000);
    expect(metrics.totals()).toEqual({ emit: 1, drop: 1, deadLetter: 1, defer: 1 });
    const text = await registry.metrics();
    for (const line of [
      'labelstream_messages_total{stage="ingest",lane="backfill",outcome="emit"} 1',
      'labelstream_messages_total{stage="ingest",lane="backfill",outcome="deadLetter"} 1',
      'labelstream_emit_notes_total{stage="ingest",note="IMAGE_PENDING"} 1',
      'labelstream_drops_total{stage="ingest",reason="STALE_VERSION"} 1',
      'labelstream_dead_letters_total{stage="ingest",code="EVENT_INVALID"} 1',
      'labelstream_deferrals_total{stage="ingest",reason="IMAGE_NOT_FOUND"} 1',
    ])
      expect(text).toContain(line);
  });

  it('measures the age of a message when its outcome is durable; a clock that is behind counts as 0', async () => {
    const registry = new Registry();
    const metrics = createStreamMetrics(registry, 'ingest');
    metrics.outcome(message, emit([]), 1250);
    metrics.outcome(message, emit([]), 900);
    expect(await registry.metrics()).toContain('labelstream_message_age_seconds_sum{stage="ingest",lane="backfill"} 0.25');
  });

  it('lets stages of one process share a registry', async () => {
    const registry = new Registry();
    createStreamMetrics(registry, 'ingest').retry('CACHE_UNAVAILABLE');
    createStreamMetrics(registry, 'sink').retry('STATE_UNAVAILABLE');
    const text = await registry.metrics();
    expect(text).toContain('labelstream_retries_total{stage="ingest",code="CACHE_UNAVAILABLE"} 1');
    expect(text).toContain('labelstream_retries_total{stage="sink",code="STATE_UNAVAILABLE"} 1');
  });

  it('follows the rules of names: base units, one prefix', async () => {
    const registry = new Registry();
    createStreamMetrics(registry, 'ingest');
    for (const { name, type } of await registry.getMetricsAsJSON()) {
      expect(name).toMatch(/^labelstream_[a-z_]+$/);
      expect(name.endsWith('_total')).toBe(String(type) === 'counter');
      expect(name).not.toMatch(/_(ms|millis|kb|mb|percent)(_|$)/);
    }
  });
});
