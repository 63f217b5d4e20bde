import { describe, expect, test } from 'vitest';
import { parseScale, parseTask, parseThreshold } from '../../src/zero-shot/options.js';

describe('options of a zero-shot head', () => {
  test('are taken', () => {
    expect([parseTask('articleType'), parseScale('17.97'), parseScale('100'), parseThreshold('.5'), parseThreshold('1')]).toEqual([
      'articleType',
      17.97,
      100,
      0.5,
      1,
    ]);
  });

  test.each([
    [parseTask, 'article type'],
    [parseTask, '1st'],
    [parseTask, ''],
    [parseScale, '0'],
    [parseScale, '-3'],
    [parseScale, '1001'],
    [parseScale, 'much'],
    [parseThreshold, '0'],
    [parseThreshold, '1.1'],
    [parseThreshold, '1e-3'],
  ])('%o refuses "%s"', (parse, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(`"${text}" is none`) }));
  });
});
