import { expect, test } from 'vitest';
import { passHeaders, readPass } from '../../src/events/headers.js';

test('an event without headers is new', () => {
  expect(readPass({ 'content-type': 'application/json' })).toEqual({ attempt: 0, revision: 0, requeue: 0 });
});

test('what is written is read back', () => {
  const pass = { attempt: 3, revision: 2, receivedAt: 1_700_000_000_000, requeue: 4, rested: 4, replays: 2 };
  expect(readPass(passHeaders(pass))).toEqual(pass);
});

test('a listing that was sent back has made as many attempts as it has revisions', () => {
  expect(readPass({ 'labelstream-revision': '2', 'labelstream-requeue': '1' })).toEqual({ attempt: 2, revision: 2, requeue: 1 });
});

test.each(['', '-1', '1.5', 'x', '1e3', ' 1', '9'.repeat(16)])('%j is no whole number', (text) => {
  expect(() => readPass({ 'labelstream-revision': text })).toThrowError(expect.objectContaining({ code: 'EVENT_INVALID' }));
});
