import { describe, expect, it } from 'vitest';
import { failureOfStatus, retryAfterMs } from '../../../src/adapters/http/status.js';

describe('an HTTP status', () => {
  it.each([
    [200, undefined],
    [404, 'IMAGE_NOT_FOUND'],
    [403, 'IMAGE_ACCESS_DENIED'],
    [429, 'IMAGE_FETCH_FAILED'],
    [503, 'IMAGE_FETCH_FAILED'],
    [206, 'IMAGE_FETCH_FAILED'],
  ] as const)('%i is %s', (status, code) => {
    expect(failureOfStatus(status)).toBe(code);
  });
});

describe('Retry-After', () => {
  const now = Date.parse('Tue, 24 Nov 2026 15:00:00 GMT');

  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Tue, 24 Nov 2026 15:00:30 GMT', 30_000],
    ['Tue, 24 Nov 2026 14:00:00 GMT', 0],
    ['9999999999', 86_400_000],
    ['soon', undefined],
    ['-5 minutes', undefined],
    ['', undefined],
    [undefined, undefined],
  ] as const)('%s is %s ms', (header, waitMs) => {
    expect(retryAfterMs(header, now)).toBe(waitMs);
  });
});
