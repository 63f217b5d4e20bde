import { expect, test } from 'vitest';
import { createIdleShare } from '../../src/bench/idle-share.js';

test('the idle share is told for every stretch between two looks, and not for what lies between stretches', () => {
  const looks = [
    { idle: 0, all: 0 },
    { idle: 25, all: 100 },
    { idle: 25, all: 200 },
    { idle: 115, all: 300 },
  ];
  const share = createIdleShare(() => looks.shift()!);
  for (let i = 0; i < 4; i += 1) share.look();
  expect(share.stretches()).toEqual([0.25, 0.9]);
});

test('this machine has a share between nothing and all', () => {
  const share = createIdleShare();
  share.look();
  share.look();
  expect(share.stretches()[0]).toBeGreaterThanOrEqual(0);
  expect(share.stretches()[0]).toBeLessThanOrEqual(1);
});
