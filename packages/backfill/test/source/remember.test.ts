import { expect, it } from 'vitest';
import { rememberLast } from '../../src/source/remember.js';

const { signal } = new AbortController();

it('finds once what is asked for again, also while it is being found', async () => {
  let finds = 0;
  const get = rememberLast(String, async (key: number) => {
    finds += 1;
    return key * 2;
  });
  expect(await Promise.all([get(1, signal), get(1, signal), get(2, signal)])).toEqual([2, 2, 4]);
  expect(await get(1, signal)).toBe(2);
  expect(finds).toBe(2);
});

it('forgets what was not asked for lately', async () => {
  const finds: number[] = [];
  const get = rememberLast(String, async (key: number) => finds.push(key));
  for (let key = 0; key < 20; key += 1) await get(key, signal);
  await get(0, signal);
  await get(19, signal);
  expect(finds.filter((key) => key === 0 || key === 19)).toEqual([0, 19, 0]);
});

it('does not fail others for whoever was called off', async () => {
  const stop = new AbortController();
  const get = rememberLast(String, async (key: number, until: AbortSignal) => {
    await new Promise((done) => setImmediate(done));
    until.throwIfAborted();
    return key;
  });
  const first = get(1, stop.signal);
  const second = get(1, signal);
  stop.abort(new Error('called off'));
  await expect(first).rejects.toThrow('called off');
  expect(await second).toBe(1);
});
