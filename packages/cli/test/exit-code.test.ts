import { LabelstreamError } from '@labelstream/shared/errors';
import { expect, test } from 'vitest';
import { exitCodeOf, sentenceOf } from '../src/exit-code.js';

test.each([
  ['USAGE', 2],
  ['CONFIG_INVALID', 2],
  ['SOURCE_INVALID', 2],
  ['ENGINE_UNAVAILABLE', 1],
  ['BROKER_UNAVAILABLE', 1],
] as const)('%s ends with %i', (code, exit) => {
  expect(exitCodeOf(new LabelstreamError(code, 'x'))).toBe(exit);
});

test('what was not thrown on purpose ends with 1 and says how to learn more', () => {
  const error = new TypeError('x is not a function');
  expect(exitCodeOf(error)).toBe(1);
  expect(sentenceOf(error)).toBe(
    'an unexpected error: x is not a function. Run the command again with --debug to see where it comes from.',
  );
});

test('an error on purpose is its own sentence', () => {
  expect(sentenceOf(new LabelstreamError('USAGE', 'do this instead'))).toBe('do this instead.');
  expect(sentenceOf(new LabelstreamError('USAGE', 'Do this instead.'))).toBe('Do this instead.');
});
