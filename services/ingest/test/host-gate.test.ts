import { LabelstreamError } from '@labelstream/shared/errors';
import type { ImageSource } from '@labelstream/shared/ports/image-source';
import { expect, test } from 'vitest';
import { createHastyGate, createHostGate, type HostGateOptions } from '../src/host-gate.js';

const IMAGE = Buffer.from('image');
const failed = () => new LabelstreamError('IMAGE_FETCH_FAILED', 'out of time');

/** Never answers a host that begins with `slow`. */
function source() {
  const asked: string[] = [];
  let active = 0;
  let mostActive = 0;
  const fetch: ImageSource['fetch'] = async ({ uri }, signal) => {
    asked.push(uri);
    active += 1;
    mostActive = Math.max(mostActive, active);
    try {
      if (!uri.includes('//slow')) return await new Promise((done) => setTimeout(() => done(IMAGE), 5));
      return await new Promise((_, fail) => signal?.addEventListener('abort', () => fail(failed())));
    } finally {
      active -= 1;
    }
  };
  return { fetch, asked, mostActive: () => mostActive };
}

const clock = () => {
  let nowMs = 1000;
  return { now: () => nowMs, pass: (ms: number) => (nowMs += ms) };
};
const circuit = { maxFailures: 2, openMs: 500, maxOpenMs: 5000, random: () => 0.999 };
const options = { maxPerHost: 2, circuit, fairMs: 0, now: Date.now };

test('a host is not asked for more than its share at a time', async () => {
  const from = source();
  const gate = createHostGate(from, options);
  await Promise.all([1, 2, 3, 4, 5, 6].map((at) => gate.fetch({ uri: `https://a.example/${at}.jpg` })));
  expect(from.mostActive()).toBe(2);
});

test('hosts do not share places, nor do files and data wait for any', async () => {
  const from = source();
  const gate = createHostGate(from, { ...options, maxPerHost: 1 });
  const uris = ['https://a.example/1', 'https://b.example/1', 's3://bucket/1', 'file:///1', 'file:///2', 'data:1'];
  await Promise.all(uris.map((uri) => gate.fetch({ uri })));
  expect(from.mostActive()).toBe(6);
});

test('a slow host holds up nobody else, and its own queue gives up in time', async () => {
  const from = source();
  const gate = createHostGate(from, { ...options, maxPerHost: 1, circuit: { ...circuit, maxFailures: 100 } });
  const signal = AbortSignal.timeout(40);
  const slow = Promise.allSettled([1, 2, 3].map((at) => gate.fetch({ uri: `https://slow.example/${at}` }, signal)));
  expect(await gate.fetch({ uri: 'https://a.example/1' })).toBe(IMAGE);
  expect(await slow).toMatchObject(Array(3).fill({ status: 'rejected', reason: { code: 'IMAGE_FETCH_FAILED' } }));
  expect(from.asked.filter((uri) => uri.includes('slow'))).toHaveLength(1);
});

test('a host that runs out of time again and again is left alone for a while, then asked again', async () => {
  const from = source();
  const time = clock();
  const gate = createHostGate(from, { ...options, now: time.now });
  const ask = () => gate.fetch({ uri: 'https://slow.example/1' }, AbortSignal.timeout(5));
  const asked = async () => {
    await expect(ask()).rejects.toMatchObject({ code: 'IMAGE_FETCH_FAILED' });
    return from.asked.length;
  };
  expect([await asked(), await asked(), await asked(), await asked()]).toEqual([1, 2, 2, 2]);
  time.pass(501);
  expect([await asked(), await asked()]).toEqual([3, 3]);
});

test('a host that answers, even with a failure, is not left alone', async () => {
  let calls = 0;
  const refusing: ImageSource = {
    fetch: async () => {
      calls += 1;
      throw new LabelstreamError('IMAGE_NOT_FOUND', 'not there');
    },
  };
  const gate = createHostGate(refusing, options);
  for (let at = 0; at < 5; at += 1)
    await expect(gate.fetch({ uri: 'https://a.example/' })).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
  expect(calls).toBe(5);
});

test('a host that is too slow for the hasty is left alone by them, and is no worse for the patient', async () => {
  const from = source();
  const patient = createHostGate(from, options);
  const hasty = createHastyGate(patient, options);
  const ask = (gate: ImageSource, uri: string) => gate.fetch({ uri }, AbortSignal.timeout(5)).catch(({ message }: Error) => message);
  for (let at = 0; at < 3; at += 1) await ask(hasty, 'https://slow.example/1');
  expect(from.asked).toHaveLength(2);
  expect(await ask(hasty, 'https://slow.example/1')).toContain('is left alone');
  await ask(patient, 'https://slow.example/1');
  expect(from.asked).toHaveLength(3);
});

test('the hasty and the patient share what a host may be asked for at a time', async () => {
  const from = source();
  const patient = createHostGate(from, options);
  const hasty = createHastyGate(patient, options);
  await Promise.all([patient, hasty, patient, hasty, patient].map((gate) => gate.fetch({ uri: 'https://a.example/1.jpg' })));
  expect(from.mostActive()).toBe(2);
});

test('the hasty give up at once where their time is over', async () => {
  const hasty = createHastyGate(createHostGate(source(), options), options);
  await expect(hasty.fetch({ uri: 'https://a.example/1' }, AbortSignal.abort())).rejects.toMatchObject({ code: 'IMAGE_FETCH_FAILED' });
});

/** Fails as told; a status stands for what the web source makes of it. */
function failing(...errors: (LabelstreamError | null)[]) {
  let calls = 0;
  const fetch: ImageSource['fetch'] = async () => {
    const error = errors[Math.min(calls++, errors.length - 1)];
    if (error) throw error;
    return IMAGE;
  };
  return { fetch, calls: () => calls };
}
const down = () => new LabelstreamError('IMAGE_FETCH_FAILED', 'HTTP status 503');
const outcomeOf = (gate: ImageSource, uri = 'https://a.example/1', signal?: AbortSignal) =>
  gate.fetch({ uri }, signal).then(
    () => 'fetched',
    (error: LabelstreamError) => error,
  );

test('a host that keeps failing is left alone, tried by one, and trusted again when that one succeeds', async () => {
  const time = clock();
  const opened: string[] = [];
  let refused = 0;
  const from = failing(down(), down(), down(), null);
  const gate = createHostGate(from, {
    ...options,
    now: time.now,
    onOpen: (host, forMs) => opened.push(`${host} ${forMs}`),
    onRefused: () => {
      refused += 1;
    },
  });
  await outcomeOf(gate);
  expect(await outcomeOf(gate)).toMatchObject({ code: 'IMAGE_FETCH_FAILED', message: 'HTTP status 503', retryAfterMs: 500 });
  expect(await outcomeOf(gate)).toMatchObject({ code: 'IMAGE_FETCH_FAILED', retriable: true, retryAfterMs: 500 });
  expect([from.calls(), refused, gate.openHosts()]).toEqual([2, 1, 1]);
  time.pass(500);
  expect(await outcomeOf(gate)).toMatchObject({ retryAfterMs: 1000 });
  time.pass(1000);
  expect([await outcomeOf(gate), await outcomeOf(gate), gate.openHosts()]).toEqual(['fetched', 'fetched', 0]);
  expect(opened).toEqual(['a.example 500', 'a.example 1000']);
});

test('while one tries a host, the others are refused', async () => {
  const time = clock();
  let answer = () => {};
  let calls = 0;
  const fetch: ImageSource['fetch'] = () => {
    calls += 1;
    return calls <= 2 ? Promise.reject(down()) : new Promise((done) => (answer = () => done(IMAGE)));
  };
  const gate = createHostGate({ fetch }, { ...options, now: time.now });
  await outcomeOf(gate);
  await outcomeOf(gate);
  time.pass(500);
  const trial = outcomeOf(gate);
  expect(await outcomeOf(gate)).toMatchObject({ code: 'IMAGE_FETCH_FAILED', retryAfterMs: 500 });
  expect(calls).toBe(3);
  answer();
  expect(await trial).toBe('fetched');
});

test('a host that asks to be left alone is, at once and for as long', async () => {
  const asking = new LabelstreamError('IMAGE_FETCH_FAILED', 'HTTP status 429', { retryAfterMs: 3000 });
  const from = failing(asking);
  const gate = createHostGate(from, { ...options, circuit: { ...circuit, random: () => 0 }, now: clock().now });
  expect(await outcomeOf(gate)).toMatchObject({ retryAfterMs: 3000 });
  expect(await outcomeOf(gate)).toMatchObject({ retryAfterMs: 3000 });
  expect(from.calls()).toBe(1);
});

test('a time that was too short to be fair says nothing about the host, nor does what is wrong with an image', async () => {
  const over: Partial<HostGateOptions> = { fairMs: 1000 };
  const slow = source();
  const gate = createHostGate(slow, { ...options, ...over });
  for (let at = 0; at < 4; at += 1) await outcomeOf(gate, 'https://slow.example/1', AbortSignal.timeout(5));
  expect(slow.asked).toHaveLength(4);
  const damaged = failing(new LabelstreamError('IMAGE_HASH_MISMATCH', 'another'));
  const other = createHostGate(damaged, options);
  for (let at = 0; at < 4; at += 1) await outcomeOf(other);
  expect([damaged.calls(), other.openHosts()]).toEqual([4, 0]);
});

test('no more hosts are remembered than a bound, however many fail', async () => {
  const from = failing(down());
  const gate = createHostGate(from, { ...options, circuit: { ...circuit, maxFailures: 1, openMs: 60_000, maxOpenMs: 60_000 } });
  for (let at = 0; at < 1500; at += 1) await outcomeOf(gate, `https://h${at}.example/1`);
  expect(gate.openHosts()).toBe(1000);
});
