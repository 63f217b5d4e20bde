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
