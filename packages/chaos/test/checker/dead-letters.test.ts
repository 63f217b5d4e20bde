import { expect, test } from 'vitest';
import { checkDeadLetters } from '../../src/checker/dead-letters.js';
import { bad, letterOf } from './streams.js';

const breaches = (...args: Parameters<typeof checkDeadLetters>) => checkDeadLetters(...args).map(({ breach }) => breach);

test('every bad event is there with its reason, once or more often', () => {
  expect(breaches([bad(1), bad(2)], [letterOf(bad(1)), letterOf(bad(2)), letterOf(bad(2))])).toEqual([]);
});

test('a bad event that is not there is lost', () => {
  expect(breaches([bad(1), bad(2)], [letterOf(bad(1))])).toEqual(['lost']);
});

test('another reason, or none, is wrong', () => {
  expect(breaches([bad(1)], [letterOf(bad(1, 'EVENT_EMPTY'))])).toEqual(['wrong']);
  expect(breaches([bad(1)], [{ ...letterOf(bad(1)), headers: {} }])).toEqual(['wrong']);
});

test('other bytes are another event: the bad one is lost, and a good one was refused', () => {
  const changed = { ...letterOf(bad(1)), value: new TextEncoder().encode('bad event 1 ') };
  expect(breaches([bad(1)], [changed])).toEqual(['lost', 'wrong']);
});
