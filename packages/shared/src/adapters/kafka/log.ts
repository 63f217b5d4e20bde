import { type LogEntry, type logCreator, logLevel } from 'kafkajs';
import type { Logger } from 'pino';

/**
 * Lines about what the caller learns anyway, as an exception: error responses, failed sends and their retries (among them that the last
 * transaction is not yet written down, which is everyday life). Producers limit their retries on purpose and say so.
 */
const isEcho = ({ namespace, log }: LogEntry) =>
  namespace === 'Producer' || (namespace === 'Connection' && log.message.startsWith('Response '));
/** A consumer that joins again by itself. */
const REJOIN = /group is rebalancing|not aware of this member|coordinator is loading|Restarting the consumer/;

function write(log: Logger, entry: LogEntry): void {
  const { timestamp: _timestamp, logger: _logger, message, stack: _stack, ...details } = entry.log;
  const line = entry.namespace === '' ? message : `${entry.namespace}: ${message}`;
  if (isEcho(entry) || REJOIN.test(message)) log.debug(details, line);
  else if (entry.level === logLevel.ERROR) log.warn(details, line);
  else if (entry.level === logLevel.WARN) log.info(details, line);
  else if (entry.level === logLevel.INFO) log.debug(details, line);
  else log.trace(details, line);
}

/** Sends kafkajs' log lines to `log`, one level lower: what matters reaches the caller as an exception or ends the subscription. */
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
