import { describe, expect, test } from 'vitest';
import { parseBackfill, parseInstances, pipelineSpec } from '../../../src/capacity/simulation/options.js';
import { simulate } from '../../../src/capacity/simulation/simulate.js';

const OPTIONS = {
  partitions: 8,
  livePerSecond: 20,
  minutes: 3,
  seed: 1,
  maxBatchSize: 32,
  maxBatchAgeMs: 20,
  maxInFlight: 2,
  backfillShare: 0.05,
  backfillBatchMs: 0,
} as const;

describe('instances', () => {
  test('are given by stage, one where none is given', () => {
    expect(parseInstances('ingest=2, encoder=4')).toEqual({ ingest: 2, encoder: 4, fusion: 1, sink: 1 });
    expect(parseInstances('')).toEqual({ ingest: 1, encoder: 1, fusion: 1, sink: 1 });
  });

  test.each(['gpu=2', 'encoder', 'encoder=0', 'encoder=1.5', 'encoder=x'])('"%s" is refused', (text) => {
    expect(() => parseInstances(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

describe('backfill', () => {
  test('is off, saturating or a rate', () => {
    expect(parseBackfill('off', 9)).toEqual({ kind: 'off' });
    expect(parseBackfill('saturating', 9)).toEqual({ kind: 'saturating', window: 9 });
    expect(parseBackfill('12.5', 9)).toEqual({ kind: 'rate', perSecond: 12.5 });
  });

  test.each(['', 'on', '-3', '0', 'Infinity'])('"%s" is refused', (text) => {
    expect(() => parseBackfill(text, 9)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

describe('the pipeline', () => {
  const run = (instances: string, backfill: string) =>
    simulate(pipelineSpec({ ...OPTIONS, instances: parseInstances(instances), backfill: parseBackfill(backfill, 1024) }));

  test('has its four stages, the sink by transactions, and works without a backfill at a fraction of its capacity', () => {
    const spec = pipelineSpec({ ...OPTIONS, instances: parseInstances(''), backfill: { kind: 'off' } });
    expect(spec.stages.map(({ name, delivery }) => [name, delivery])).toEqual([
      ['ingest', 'at-least-once'],
      ['encoder', 'at-least-once'],
      ['fusion', 'at-least-once'],
      ['sink', 'transactional'],
    ]);
    const { live, backfill, stages } = run('', 'off');
    expect(live.perSecond / 20).toBeCloseTo(1, 1);
    expect(backfill.listings).toBe(0);
    expect(Math.max(...stages.map(({ utilisation }) => utilisation))).toBeLessThan(0.2);
  });

  test('gives a backfill what the narrowest stage leaves, and more with more instances of that stage', () => {
    const one = run('', 'saturating');
    expect(one.stages.find(({ name }) => name === 'encoder')?.utilisation).toBeGreaterThan(0.98);
    expect((one.live.perSecond + one.backfill.perSecond) / (1000 / 5.65)).toBeCloseTo(1, 1);
    expect(run('encoder=2,ingest=2,fusion=2', 'saturating').backfill.perSecond).toBeGreaterThan(1.8 * one.backfill.perSecond);
  });
});
