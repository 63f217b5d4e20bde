import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { LabelstreamError } from '../../src/errors.js';
import type { InMessage } from '../../src/ports/broker.js';
import { ABANDONED, createPatience } from '../../src/stream/outage.js';
import { drop, type Outcome } from '../../src/stream/outcome.js';
import { runStage } from '../../src/stream/run-stage.js';
import type { Stage } from '../../src/stream/stage.js';
import { quiet, stageOfBatches } from './harness.js';

const patience = createPatience({ log: quiet, backoff: { baseMs: 1, maxMs: 1 }, now: Date.now, random: () => 0, onRetry: () => {} });
const patiently = new AbortController().signal;
const run = (process: Stage['process'], batch: readonly InMessage[], signal = patiently) =>
  runStage({ stage: stageOfBatches(process), patience, log: quiet }, batch, signal);

const messages = (count: number): InMessage[] =>
  Array.from({ length: count }, (_, offset) => ({
    topic: 't',
    partition: 0,
    offset,
    lane: 'live',
    key: null,
    value: null,
    headers: {},
    timestampMs: 0,
    generation: 1,
  }));
const fine = drop('UNCHANGED');
const describeOutcomes = (outcomes: readonly Outcome[] | typeof ABANDONED) =>
  outcomes === ABANDONED ? 'abandoned' : outcomes.map((outcome) => (outcome.kind === 'deadLetter' ? outcome.code : outcome.kind));

describe('runStage', () => {
  it('calls a stage that works once', async () => {
    let calls = 0;
    const outcomes = await run(async (batch) => {
      calls += 1;
      return batch.map(() => fine);
    }, messages(8));
    expect(describeOutcomes(outcomes)).toEqual(Array(8).fill('drop'));
    expect(calls).toBe(1);
  });

  it('bisects a failing batch: 2 log2(n) more calls isolate one bad message of n', async () => {
    let calls = 0;
    const outcomes = await run(async (batch) => {
      calls += 1;
      if (batch.some(({ offset }) => offset === 13)) throw new Error('boom');
      return batch.map(() => fine);
    }, messages(64));
    expect(describeOutcomes(outcomes)).toEqual(messages(64).map(({ offset }) => (offset === 13 ? 'STAGE_FAILED' : 'drop')));
    expect(calls).toBe(1 + 2 * 6);
  });

  it('bisects a batch that ends the inference worker three times, until the listing that does it stands alone', async () => {
    let crashes = 0;
    const outcomes = await run(async (batch) => {
      if (!batch.some(({ offset }) => offset === 5)) return batch.map(() => fine);
      crashes += 1;
      throw new LabelstreamError('INFERENCE_CRASHED', 'the inference worker ended with code 3');
    }, messages(8));
    expect(describeOutcomes(outcomes)).toEqual(messages(8).map(({ offset }) => (offset === 5 ? 'STAGE_CRASHED' : 'drop')));
    expect(crashes).toBe(3 * 4);
  });

  it('waits for an inference worker that another batch has ended, however often, and for one that ends twice', async () => {
    const failures = [...Array(20).fill('INFERENCE_FAILED'), 'INFERENCE_CRASHED', 'INFERENCE_FAILED', 'INFERENCE_CRASHED'] as const;
    let calls = 0;
    const outcomes = await run(async (batch) => {
      const code = failures[calls++];
      if (code !== undefined) throw new LabelstreamError(code, 'ended');
      return batch.map(() => fine);
    }, messages(4));
    expect(describeOutcomes(outcomes)).toEqual(Array(4).fill('drop'));
    expect(calls).toBe(24);
  });

  it('keeps the code of an error that has one', async () => {
    const outcomes = await run(() => Promise.reject(new LabelstreamError('EVENT_INVALID', 'no title')), messages(1));
    expect(outcomes).toEqual([{ kind: 'deadLetter', code: 'EVENT_INVALID', detail: 'no title' }]);
  });

  it('takes a wrong number of outcomes for a bug of the stage, and says so loudly', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'error' }, { write: (line) => lines.push(line) });
    const outcomes = await runStage({ stage: stageOfBatches(async () => [fine, fine]), patience, log }, messages(1), patiently);
    expect(describeOutcomes(outcomes)).toEqual(['STAGE_FAILED']);
    expect(lines.join()).toContain('answered 1 messages with 2 outcomes');
  });

  it('waits for what is down and then runs the same batch again, in one piece', async () => {
    const sizes: number[] = [];
    const outcomes = await run(async (batch) => {
      sizes.push(batch.length);
      if (sizes.length < 4) throw new LabelstreamError('CACHE_UNAVAILABLE', 'down');
      return batch.map(() => fine);
    }, messages(4));
    expect(describeOutcomes(outcomes)).toEqual(Array(4).fill('drop'));
    expect(sizes).toEqual([4, 4, 4, 4]);
  });

  it('gives the whole batch up when told to during an outage, also half-way through a bisection', async () => {
    const stop = new AbortController();
    const outcomes = await run(
      async (batch) => {
        if (batch.length > 1) throw new Error('boom');
        if (batch[0]?.offset === 0) return [fine];
        stop.abort();
        throw new LabelstreamError('CACHE_UNAVAILABLE', 'down');
      },
      messages(2),
      stop.signal,
    );
    expect(outcomes).toBe(ABANDONED);
  });

  it.each(['BROKER_FENCED', 'STATE_FENCED', 'CONFIG_INVALID'] as const)('does not make a dead letter of %s', async (code) => {
    await expect(run(() => Promise.reject(new LabelstreamError(code, 'zombie')), messages(3))).rejects.toThrow('zombie');
  });

  it('comes back with one outcome per message, in order, whichever messages are bad', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }), async (bad) => {
        const outcomes = await run(async (batch) => {
          if (batch.some(({ offset }) => bad[offset])) throw new Error('boom');
          return batch.map(() => fine);
        }, messages(bad.length));
        expect(describeOutcomes(outcomes)).toEqual(bad.map((isBad) => (isBad ? 'STAGE_FAILED' : 'drop')));
      }),
      { numRuns: 50 },
    );
  });
});
