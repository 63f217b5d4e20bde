import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordProducer } from '@labelstream/shared/ports/broker';
import { VERSION_HEADER } from '@labelstream/sink/records';
import type { Pipeline } from '../pipeline/pipeline.js';
import type { SoakPictures } from './pictures.js';
import type { SoakMessage, SoakTraffic } from './traffic.js';

export interface DriveDeps {
  readonly pipeline: Pick<Pipeline, 'broker' | 'codecs' | 'topics'>;
  readonly producer: RecordProducer;
  readonly traffic: SoakTraffic;
  readonly pictures: Pick<SoakPictures, 'write'>;
  readonly signal: AbortSignal;
}

const TICK_MS = 50;
const DRAIN_POLL_MS = 250;

/** Keeps `window` events under way, until aborted. */
export async function driveFull(window: number, deps: DriveDeps): Promise<never> {
  for (;;) {
    await send(window - deps.traffic.underWay(), deps);
    await sleep(TICK_MS, undefined, { signal: deps.signal });
  }
}

/** Sends at an even pace for so long; what is late is made up for, as far as there are products that nothing is under way of. */
export async function driveEvenly(perSecond: number, durationMs: number, deps: DriveDeps): Promise<void> {
  const startedAt = performance.now();
  let sent = 0;
  const catchUp = async (elapsedMs: number) => {
    sent += await send(Math.floor((elapsedMs * perSecond) / 1000) - sent, deps);
  };
  for (let elapsedMs = 0; elapsedMs < durationMs; elapsedMs = performance.now() - startedAt) {
    await catchUp(elapsedMs);
    await sleep(TICK_MS, undefined, { signal: deps.signal });
  }
  await catchUp(durationMs);
}

/** Returns when all has been heard of that was sent, or after `timeoutMs`. */
export async function drain({ traffic, signal }: Pick<DriveDeps, 'traffic' | 'signal'>, timeoutMs: number): Promise<void> {
  const endsAt = performance.now() + timeoutMs;
  while (traffic.underWay() > 0 && performance.now() < endsAt) await sleep(DRAIN_POLL_MS, undefined, { signal });
}

/** Tells the traffic of everything that is published, until aborted. */
export async function hear({ pipeline, traffic, signal }: Pick<DriveDeps, 'pipeline' | 'traffic' | 'signal'>): Promise<never> {
  const { broker, codecs, topics } = pipeline;
  for await (const { key, value, headers } of broker.read({ topic: topics.of('labels'), follow: true, signal })) {
    if (value === null) {
      traffic.heard(key ?? '', Number(headers[VERSION_HEADER]), true);
    } else {
      const { productId, version } = await codecs.labels.decode(value);
      traffic.heard(productId, version, false);
    }
  }
  throw signal.reason;
}

/** Sends up to `count` events; returns how many. */
async function send(count: number, { pipeline, producer, traffic, pictures }: DriveDeps): Promise<number> {
  const messages: SoakMessage[] = [];
  while (messages.length < count) {
    const message = traffic.next();
    if (message === null) break;
    messages.push(message);
  }
  if (messages.length === 0) return 0;
  await Promise.all(messages.map(({ picture }) => (picture === null ? undefined : pictures.write(picture))));
  const { codecs, topics } = pipeline;
  await producer.send(
    messages.map(({ lane, event }) => ({
      topic: topics.of('events', lane),
      key: event.productId,
      value: codecs.productEvent.encode(event),
    })),
  );
  return messages.length;
}
