import { expect, test } from 'vitest';
import { decide, type Situation } from '../src/decide.js';

const used = { ref: { state: 'USED', sha256: 'x' } } as const;
const missing = { ref: { state: 'MISSING' } } as const;
const pending = { ref: { state: 'PENDING', reason: 'IMAGE_FETCH_FAILED' }, detail: 'time-out' } as const;
const failed = { ref: { state: 'FAILED', reason: 'IMAGE_NOT_AN_IMAGE' }, detail: 'html' } as const;
const tooLarge = { state: 'FAILED', reason: 'TEXT_TOO_LARGE' } as const;

const rows: [string, Partial<Situation>, string][] = [
  ['both', { image: used }, 'emit USED'],
  ['only a text', { image: missing }, 'emit MISSING'],
  ['only an image', { image: used, text: missing.ref }, 'emit USED'],
  ['an image, the text too large', { image: used, text: tooLarge }, 'emit USED'],
  ['a text, the image bad', { image: failed }, 'emit FAILED'],
  ['a text, the image bad at a later attempt', { image: failed, attempt: 1 }, 'emit FAILED'],
  ['a text, the image late', { image: pending }, 'emit PENDING retry'],
  ['a text, the image late again', { image: pending, attempt: 1 }, 'defer IMAGE_FETCH_FAILED'],
  ['a text, the image never came', { image: pending, attempt: 2 }, 'deadLetter IMAGE_FETCH_FAILED, emit FAILED'],
  ['a text, no retries', { image: pending, maxRetries: 0 }, 'emit FAILED'],
  ['nothing', { image: missing, text: missing.ref }, 'deadLetter EVENT_EMPTY'],
  ['only a text that is too large', { image: missing, text: tooLarge }, 'deadLetter TEXT_TOO_LARGE'],
  ['only a bad image', { image: failed, text: missing.ref }, 'deadLetter IMAGE_NOT_AN_IMAGE'],
  ['a bad image, the text too large', { image: failed, text: tooLarge }, 'deadLetter IMAGE_NOT_AN_IMAGE'],
  ['only a late image', { image: pending, text: missing.ref }, 'defer IMAGE_FETCH_FAILED'],
  ['a late image, the text too large', { image: pending, text: tooLarge }, 'defer IMAGE_FETCH_FAILED'],
  ['only an image, which never came', { image: pending, text: missing.ref, attempt: 2 }, 'deadLetter IMAGE_FETCH_FAILED'],
  ['only a late image, no retries', { image: pending, text: missing.ref, maxRetries: 0 }, 'deadLetter IMAGE_FETCH_FAILED'],
];

test.each(rows)('%s', (_, situation, expected) => {
  const decision = decide({ image: used, text: { state: 'USED', sha256: 'y' }, attempt: 0, maxRetries: 2, ...situation });
  const told = {
    emit: () => (decision.kind === 'emit' ? `emit ${decision.image.state}${decision.retry ? ' retry' : ''}` : ''),
    defer: () => (decision.kind === 'defer' ? `defer ${decision.reason}` : ''),
    deadLetter: () =>
      decision.kind === 'deadLetter' ? `deadLetter ${decision.code}${decision.image ? `, emit ${decision.image.state}` : ''}` : '',
  };
  expect(told[decision.kind]()).toBe(expected);
});
