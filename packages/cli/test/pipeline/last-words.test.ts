import { expect, test } from 'vitest';
import { lastWords } from '../../src/pipeline/last-words.js';

const entry = (level: string, msg: string, more: object = {}) => JSON.stringify({ level, time: 'x', msg, ...more });

test('errors at the end are what is shown, with their reason', () => {
  const log = [
    entry('info', 'starting'),
    entry('fatal', 'cannot go on', { err: { message: 'no such bundle' } }),
    entry('info', 'bye'),
  ].join('\n');
  expect(lastWords(log)).toBe('  fatal: cannot go on: no such bundle');
});

test('without errors the last lines are shown, whatever they are', () => {
  const log = [...Array.from({ length: 10 }, (_, i) => entry('info', `line ${i}`)), 'Error: out of memory', ''].join('\n');
  expect(lastWords(log).split('\n')).toEqual([...[5, 6, 7, 8, 9].map((i) => `  info: line ${i}`), '  Error: out of memory']);
});

test('errors of long ago are not its last words', () => {
  const log = [entry('error', 'yesterday'), ...Array.from({ length: 40 }, (_, i) => entry('info', `line ${i}`))].join('\n');
  expect(lastWords(log)).not.toContain('yesterday');
});
