import { expect, test } from 'vitest';
import { createGate, settleAll } from '../src/limit.js';

const ticks = async (count = 5) => {
  for (let at = 0; at < count; at += 1) await Promise.resolve();
};

test('no more than the limit run at a time, and the others in their order', async () => {
  const gate = createGate(2);
  const started: number[] = [];
  const finish: (() => void)[] = [];
  const work = (id: number) =>
    gate.run(async () => {
      started.push(id);
      await new Promise<void>((done) => finish.push(done));
    });
  const all = [work(0), work(1), work(2), work(3)];
  await ticks();
  expect(started).toEqual([0, 1]);
  finish[1]!();
  await ticks(10);
  expect(started).toEqual([0, 1, 2]);
  finish[0]!();
  finish[2]!();
  await ticks(20);
  finish[3]!();
  await Promise.all(all);
  expect(started).toEqual([0, 1, 2, 3]);
  expect(gate.idle()).toBe(true);
});

test('work that fails gives its place back', async () => {
  const gate = createGate(1);
  await expect(gate.run(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  expect(await gate.run(async () => 'next')).toBe('next');
});

test('who gives up waiting is not run and leaves the place to others', async () => {
  const gate = createGate(1);
  let finish = () => {};
  const first = gate.run(() => new Promise<void>((done) => (finish = done)));
  const controller = new AbortController();
  const second = gate.run(async () => 'second', controller.signal);
  const third = gate.run(async () => 'third');
  controller.abort(new Error('too late'));
  await expect(second).rejects.toThrow('too late');
  finish();
  await first;
  expect(await third).toBe('third');
  expect(gate.idle()).toBe(true);
});

test('who has given up already is not run', async () => {
  const run = createGate(1).run(async () => 'ran', AbortSignal.abort(new Error('too late')));
  await expect(run).rejects.toThrow('too late');
});

test('a failure is told only when all are settled', async () => {
  let settled = false;
  const slow = ticks(20).then(() => {
    settled = true;
  });
  await expect(settleAll([Promise.reject(new Error('failed')), slow])).rejects.toThrow('failed');
  expect(settled).toBe(true);
  expect(await settleAll([Promise.resolve(1), Promise.resolve(2)])).toEqual([1, 2]);
});
