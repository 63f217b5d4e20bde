import type { Logger } from 'pino';
import { type ErrorCode, LabelstreamError } from '../../errors.js';
import { createRepetitions } from '../common/repetitions.js';
import type { TlsOptions } from '../common/tls.js';
import { tlsAdvice } from '../common/tls.js';

const CONNECT_TIMEOUT_MS = 5000;
const COMMAND_TIMEOUT_MS = 5000;
const MAX_RECONNECT_DELAY_MS = 3000;

/** Refusals that last until somebody changes a setting. */
const SETTING_REPLY = /\b(?<reply>NOAUTH|WRONGPASS|NOPERM)\b/;

/** Doubles from 50 ms to 3 s and is then spread over half to all of it, so that many processes do not return at the same moment. */
export function reconnectDelayMs(attempt: number): number {
  const delayMs = Math.min(MAX_RECONNECT_DELAY_MS, 50 * 2 ** Math.min(attempt, 10));
  return delayMs * (0.5 + Math.random() / 2);
}

function parseUrl(url: string): URL {
  // The text itself may hold a password, so it is in no message.
  if (!URL.canParse(url)) throw new LabelstreamError('CONFIG_INVALID', 'the Redis URL cannot be parsed');
  const parsed = new URL(url);
  if (!['redis:', 'rediss:'].includes(parsed.protocol))
    throw new LabelstreamError('CONFIG_INVALID', `a Redis URL begins with redis: or rediss:, not ${parsed.protocol}`);
  return parsed;
}

/** Host and port of a Redis URL, fit for log lines. */
export const hostOf = (url: string): string => parseUrl(url).host;

/** The settings that ioredis and BullMQ both take. */
export type RedisSettings = {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: TlsOptions;
  readonly connectTimeout: number;
  readonly commandTimeout: number;
  readonly enableOfflineQueue: boolean;
  readonly autoResendUnfulfilledCommands: boolean;
  readonly maxRetriesPerRequest: number;
  readonly retryStrategy: (attempt: number) => number | null;
};

/**
 * Connection settings, over TLS for a `rediss` URL. They fail fast: nothing is queued while the server is away, nothing is sent a second time, and every command ends
 * within 5 s; the connection returns by itself, until `isClosing`. Throws CONFIG_INVALID.
 */
export function redisOptions(
  url: string,
  { tls, isClosing = () => false }: { readonly tls?: TlsOptions | undefined; readonly isClosing?: () => boolean } = {},
): RedisSettings {
  const parsed = parseUrl(url);
  const secure = parsed.protocol === 'rediss:' ? (tls ?? {}) : undefined;
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
    port: Number(parsed.port || 6379),
    db: Number(parsed.pathname.slice(1) || 0),
    ...(parsed.username === '' ? {} : { username: decodeURIComponent(parsed.username) }),
    ...(parsed.password === '' ? {} : { password: decodeURIComponent(parsed.password) }),
    ...(secure === undefined ? {} : { tls: secure }),
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => (isClosing() ? null : reconnectDelayMs(attempt)),
  };
}

/** What to do with the errors that a client emits besides failing its commands: shown once in a while. `what` names the connection. */
export function connectionErrorLog(log: Logger, url: string, what: string): (error: Error) => void {
  const host = hostOf(url);
  const isRepetition = createRepetitions();
  return ({ message: reason }) => log[isRepetition(reason) ? 'debug' : 'warn']({ host, reason }, what);
}

/** Remembers the first error that a client emits: why it cannot connect. */
export function firstError(client: { once(event: 'error', listener: (error: Error) => void): unknown }): () => Error | null {
  let first: Error | null = null;
  client.once('error', (error) => {
    first = error;
  });
  return () => first;
}

/** Whether Redis refuses a command or a key to this user. */
export const isPermission = (error: unknown): boolean => error instanceof Error && error.message.includes('NOPERM');

/** What a refusal means in the ACLs of Redis, which have no names for what is missing (docs/security.md lists all that is needed). */
function adviceOf(message: string, code: unknown): string | undefined {
  const { reply } = SETTING_REPLY.exec(message)?.groups ?? {};
  if (reply === 'NOPERM') return 'the ACL user of the URL lacks the command, or a right to the key';
  if (reply !== undefined) return 'see the user and the password in the URL';
  return tlsAdvice(code, 'REDIS_TLS');
}

/**
 * Maps anything that a Redis client throws; total. `unavailable` is the code of the role. A full server that evicts nothing (OOM) counts as
 * unavailable too: it is waited for until somebody makes room. A refusal (credentials, permissions, certificates) is CONFIG_INVALID.
 */
export function toRedisError(error: unknown, unavailable: ErrorCode, doing: string): LabelstreamError {
  if (error instanceof LabelstreamError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const advice = adviceOf(message, (error as { code?: unknown } | null)?.code);
  if (advice === undefined) return new LabelstreamError(unavailable, `${doing}: ${message}`, { cause: error });
  return new LabelstreamError('CONFIG_INVALID', `${doing}: ${message} (${advice})`, { cause: error });
}
