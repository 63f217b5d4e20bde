import { type LogEntry, type logCreator, logLevel } from 'kafkajs';
import type { Logger } from 'pino';

/** Said although nothing is wrong: producers here limit their retries on purpose and are opened anew after a failure. */
const EXPECTED = /^Limiting retries for the idempotent producer/;
/** The next transaction began before the last one was written down; kafkajs tries again after a few milliseconds. */
const CONCURRENT = /concurrent operation on the same transaction/;
const REBALANCING = /group is rebalancing|not aware of this member|generation id is not valid/;

/** Error responses arrive as exceptions too, at the caller who knows whether they matter. */
const isEcho = ({ namespace, log }: LogEntry) =>
  (namespace === 'Connection' && log.message.startsWith('Response ')) ||
  [EXPECTED, CONCURRENT, REBALANCING].some((known) => known.test(log.message));

function write(log: Logger, entry: LogEntry): void {
  const { timestamp: _timestamp, logger: _logger, message, stack: _stack, ...details } = entry.log;
  const line = entry.namespace === '' ? message : `${entry.namespace}: ${message}`;
  if (isEcho(entry)) log.debug(details, line);
  else if (entry.level === logLevel.ERROR) log.error(details, line);
  else if (entry.level === logLevel.WARN) log.warn(details, line);
  else if (entry.level === logLevel.INFO) log.debug(details, line);
  else log.trace(details, line);
}

/** Sends kafkajs' log lines to `log`, one level lower where they only describe everyday life. */
export const kafkaLogCreator =
  (log: Logger): logCreator =>
  () =>
  (entry) =>
    write(log, entry);

/** The least severe lines that `log` would show, so that kafkajs does not build the others. */
export function kafkaLogLevel(log: Logger): logLevel {
  if (log.isLevelEnabled('trace')) return logLevel.DEBUG;
  return log.isLevelEnabled('debug') ? logLevel.INFO : logLevel.WARN;
}
