import { type LogEntry, type logCreator, logLevel } from 'kafkajs';
import type { Logger } from 'pino';
import { createRepetitions } from '../common/repetitions.js';

/**
 * Lines about what the caller learns anyway, as an exception: error responses, failed sends and their retries (among them that the last
 * transaction is not yet written down, which is everyday life). Producers limit their retries on purpose and say so.
 */
const isEcho = ({ namespace, log }: LogEntry) =>
  namespace === 'Producer' || (namespace === 'Connection' && log.message.startsWith('Response '));
/** A consumer that joins again by itself. */
const REJOIN = /group is rebalancing|not aware of this member|coordinator is loading|Restarting the consumer/;

function levelOf(entry: LogEntry, isRepetition: (line: string) => boolean): 'warn' | 'info' | 'debug' | 'trace' {
  if (entry.level === logLevel.DEBUG) return 'trace';
  if (entry.level === logLevel.INFO || isEcho(entry) || REJOIN.test(entry.log.message)) return 'debug';
  if (isRepetition(entry.log.message)) return 'debug';
  return entry.level === logLevel.ERROR ? 'warn' : 'info';
}

/** Sends kafkajs' log lines to `log`, one level lower: what matters reaches the caller as an exception or ends the subscription. */
export function kafkaLogCreator(log: Logger): logCreator {
  const isRepetition = createRepetitions();
  return () => (entry) => {
    const { timestamp: _timestamp, logger: _logger, message, stack: _stack, ...details } = entry.log;
    log[levelOf(entry, isRepetition)](details, entry.namespace === '' ? message : `${entry.namespace}: ${message}`);
  };
}

/** The least severe lines that `log` would show, so that kafkajs does not build the others. */
export function kafkaLogLevel(log: Logger): logLevel {
  if (log.isLevelEnabled('trace')) return logLevel.DEBUG;
  return log.isLevelEnabled('debug') ? logLevel.INFO : logLevel.WARN;
}
