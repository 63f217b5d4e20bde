import { expect, test } from 'vitest';
import { createEventQueue } from '../../../src/capacity/simulation/event-queue.js';
import { createRandom } from '../../../src/capacity/simulation/random.js';

test('events happen in the order of their times, those of one moment in the order of planning', () => {
  const queue = createEventQueue();
  const random = createRandom(7, 'arrivals');
  const happened: { atMs: number; order: number }[] = [];
  for (let order = 0; order < 2000; order++) {
    const atMs = Math.floor(random.uniform() * 100);
    queue.after(atMs, () => {
      expect(queue.nowMs()).toBe(atMs);
      happened.push({ atMs, order });
    });
  }
  queue.runUntil(1000);
  expect(happened).toHaveLength(2000);
  expect(happened).toEqual(happened.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order));
});

test('what is planned beyond the end waits, what is planned meanwhile happens', () => {
  const queue = createEventQueue();
  const happened: string[] = [];
  queue.after(5, () => queue.after(5, () => happened.push('at 10')));
  queue.after(10.5, () => happened.push('at 10.5'));
  queue.runUntil(10);
  expect(happened).toEqual(['at 10']);
  expect(queue.nowMs()).toBe(10);
  queue.runUntil(11);
  expect(happened).toEqual(['at 10', 'at 10.5']);
});
