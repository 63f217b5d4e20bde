import type { IncomingMessage } from 'node:http';
import type { ErrorCode } from '../../errors.js';

const REDIRECTS = [301, 302, 303, 307, 308];
const GONE_OR_NOT_YET = [404, 410];
/** Request timeout, too early, too many requests. */
const ASK_AGAIN = [408, 425, 429];

export function isRedirect({ statusCode }: IncomingMessage): boolean {
  return statusCode !== undefined && REDIRECTS.includes(statusCode);
}

/** What an HTTP status says about an image; undefined for 200, the only one that brings it. */
export function failureOfStatus(status: number): ErrorCode | undefined {
  if (status === 200) return undefined;
  if (GONE_OR_NOT_YET.includes(status)) return 'IMAGE_NOT_FOUND';
  if (status >= 400 && status < 500 && !ASK_AGAIN.includes(status)) return 'IMAGE_ACCESS_DENIED';
  return 'IMAGE_FETCH_FAILED';
}

/** Whoever asks for more is not believed. */
const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * What an answer's `Retry-After` asks for, in milliseconds: seconds or a date (RFC 9110, section 10.2.3), at most a day. undefined where there is none,
 * or none that can be read.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const waitMs = /^\d{1,10}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(MAX_RETRY_AFTER_MS, Math.max(0, waitMs));
}
