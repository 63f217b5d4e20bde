import { Counter } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { LabelstreamError } from '../../src/errors.js';
import { createMemoryContext } from '../../src/service/memory-context.js';
import { runServices } from '../../src/service/run-services.js';
import type { Service, ServiceContext } from '../../src/service/service.js';
import { emit } from '../../src/stream/outcome.js';
import { contents, quiet, until } from '../stream/harness.js';

const openContext = () => createMemoryContext({ log: quiet, topicPrefix: 'shop.' });

/** A service that passes records from `input` to `output`. */
function passingService(
  name: 'encoder' | 'fusion',
  events: string[],
  over: { create?: (context: ServiceContext) => Promise<void>; failed?: Promise<never> } = {},
): Service {
  const input = name === 'encoder' ? 'prepared' : 'encoded';
  const output = name === 'encoder' ? 'encoded' : 'predicted';
  return {
    name,
    async create(context: ServiceContext, env) {
      await over.create?.(context);
      events.push(`+${name} ${env.COLOUR ?? ''}`);
      return {
        stage: {
          name,
          input,
          delivery: 'at-least-once',
          process: async (batch) =>
            batch.map(({ key, value, lane }) => emit([{ topic: context.topics.of(output, lane), key: key ?? '', value }])),
        },
        ...(over.failed === undefined ? {} : { failed: over.failed }),
        close: async () => void events.push(`-${name}`),
      };
    },
  };
}

describe('runServices', () => {
  it('runs stages over one context, from topic to topic, and stops them in reverse order', async () => {
    const events: string[] = [];
    const context = await openContext();
    const running = await runServices([passingService('encoder', events), passingService('fusion', events)], context, {
      env: { COLOUR: 'red' },
    });
    const producer = await context.broker.producer();
    await producer.send([{ topic: context.topics.of('prepared'), key: 'p', value: new TextEncoder().encode('hello') }]);
    await until(async () => (await contents(context.broker, context.topics.of('predicted'))).length === 1);
    expect(running.status().map(({ stage, outcomes }) => [stage, outcomes.emit])).toEqual([
      ['encoder', 1],
      ['fusion', 1],
    ]);
    expect([running.ready(), running.healthy()]).toEqual([true, true]);
    expect(await context.metrics.metrics()).toContain('labelstream_messages_total{stage="fusion",lane="live",outcome="emit"} 1');
    await running.stop();
    expect(events).toEqual(['+encoder red', '+fusion red', '-fusion', '-encoder']);
    expect(running.ready()).toBe(false);
    expect((await context.broker.committed('shop.labelstream-fusion', ['shop.listings.encoded'])).length).toBe(1);
    await context.broker.ping();
  });

  it('waits for what is down at the start, and creates the service afresh', async () => {
    let attempts = 0;
    const create = async ({ metrics }: ServiceContext) => {
      attempts += 1;
      new Counter({ name: 'labelstream_of_the_service_total', help: 'Registered by every attempt.', registers: [metrics] });
      if (attempts < 3) throw new LabelstreamError('CACHE_UNAVAILABLE', 'down');
    };
    const running = await runServices([passingService('fusion', [], { create })], await openContext(), { env: {} });
    expect(attempts).toBe(3);
    await running.stop();
  });

  it('stops waiting when it is told to stop', async () => {
    const stop = new AbortController();
    const create = () => {
      stop.abort();
      return Promise.reject(new LabelstreamError('STATE_UNAVAILABLE', 'down'));
    };
    const start = runServices([passingService('fusion', [], { create })], await openContext(), { env: {}, signal: stop.signal });
    await expect(start).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE', message: 'told to stop before it came up' });
  });

  it('stops what has started when a later service cannot', async () => {
    const events: string[] = [];
    const create = () => Promise.reject(new LabelstreamError('BUNDLE_INVALID', 'no such bundle'));
    const start = runServices([passingService('encoder', events), passingService('fusion', events, { create })], await openContext(), {
      env: {},
    });
    await expect(start).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
    expect(events).toEqual(['+encoder ', '-encoder']);
  });

  it('tells when something a stage depends on has ended for good', async () => {
    const failed = Promise.reject(new LabelstreamError('INFERENCE_FAILED', 'the worker keeps ending'));
    failed.catch(() => {});
    const running = await runServices([passingService('fusion', [], { failed })], await openContext(), { env: {} });
    await expect(running.failed).rejects.toMatchObject({ code: 'INFERENCE_FAILED' });
    await running.stop();
  });

  it('does not start on settings that are wrong', async () => {
    await expect(runServices([], await openContext(), { env: { MAX_IN_FLIGHT: '0' } })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
