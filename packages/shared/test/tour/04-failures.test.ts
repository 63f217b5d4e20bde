import { expect, it } from 'vitest';
import { LabelstreamError } from '../../src/errors.js';
import type { InMessage } from '../../src/ports/broker.js';
import {
  brokerWithTopics,
  contents,
  deadLetters,
  lagOf,
  output,
  passOn,
  produce,
  settled,
  stageOf,
  textOf,
  until,
  work,
} from '../stream/harness.js';

/*
 * Chapter 4: failures.
 *
 * There are two kinds, and they must not be confused. Something is *down*: the same call will succeed later, so the worker waits, for as
 * long as it takes, and no listing is to blame. Or something is *wrong with a listing*: waiting does not help, so it is set aside.
 */
it('what is down is waited for', async () => {
  const broker = await brokerWithTopics();
  await produce(broker, ['a:1', 'b:1', 'c:1']);
  let cacheIsDown = true;
  const stage = stageOf((message) => {
    if (cacheIsDown) throw new LabelstreamError('CACHE_UNAVAILABLE', 'Redis does not answer');
    return passOn(message);
  });
  const worker = await work(broker, stage);

  await until(() => worker.status().outages.includes('CACHE_UNAVAILABLE'));
  expect(worker.status()).toMatchObject({ ready: false, healthy: true });

  cacheIsDown = false;
  await until(() => settled(worker) === 3);
  await worker.stop();
  expect(await contents(broker, deadLetters)).toEqual([]);
});

/*
 * The stage need not find out which listing of a micro-batch is the bad one. The worker halves the batch until it stands alone, and the
 * other listings never notice.
 */
it('one bad listing harms only itself', async () => {
  const broker = await brokerWithTopics(1);
  await produce(broker, ['a:fine', 'b:fine', 'c:broken', 'd:fine']);
  const choke = (message: InMessage) => {
    if (textOf(message) === 'c:broken') throw new TypeError('cannot read properties of undefined');
    return passOn(message);
  };
  const worker = await work(broker, stageOf(choke));
  await until(() => settled(worker) === 4);
  await worker.stop();

  expect(await contents(broker, output)).toEqual(['a:fine', 'b:fine', 'd:fine']);
  expect(await contents(broker, deadLetters)).toEqual(['c:broken']);
  for await (const { headers } of broker.read({ topic: deadLetters }))
    expect(headers).toMatchObject({
      'labelstream-error-code': 'STAGE_FAILED',
      'labelstream-error-detail': 'TypeError: cannot read properties of undefined',
      'labelstream-error-offset': '2',
    });
});

/* A worker that stops finishes what is under way. What it could not finish was never committed, so the next worker gets it. */
it('a worker that stops in an outage loses nothing', async () => {
  const broker = await brokerWithTopics();
  await produce(broker, ['a:1', 'b:1']);
  const down = stageOf(() => Promise.reject(new LabelstreamError('STATE_UNAVAILABLE', 'Redis does not answer')));
  const first = await work(broker, down);
  await until(() => first.status().outages.length > 0);
  await first.stop();
  expect(await lagOf(broker)).toBe(2);

  const second = await work(broker, stageOf(passOn));
  await until(() => settled(second) === 2);
  await second.stop();
  expect((await contents(broker, output)).sort()).toEqual(['a:1', 'b:1']);
});
