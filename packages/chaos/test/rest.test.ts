import { expect, test } from 'vitest';
import { untilRest } from '../src/rest.js';

/** Answers one measurement after the other, the last one for ever; a clock of its own. */
function rest(answers: readonly (number | null)[], deadlineMs = 60_000) {
  let clockMs = 0;
  let at = 0;
  return untilRest(deadlineMs, {
    waiting: async () => answers[Math.min(at++, answers.length - 1)] ?? null,
    sleep: async (milliseconds) => {
      clockMs += milliseconds;
    },
    now: () => clockMs,
  });
}

test('tells when everything came to rest', async () => {
  expect(await rest([3, 1, 0])).toBe(1000);
});

test('what was between two topics is no rest, and neither is silence', async () => {
  expect(await rest([0, 0, 1, 0])).toBe(1500);
  expect(await rest([0, null, 0])).toBe(1000);
});

test('gives up at the deadline', async () => {
  expect(await rest([1], 5000)).toBeNull();
});
