import { logLevel } from 'kafkajs';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { kafkaLogCreator, kafkaLogLevel } from '../../../src/adapters/kafka/log.js';

function capture() {
  const lines: { level: string; msg: string }[] = [];
  const log = pino(
    { level: 'trace', base: null, timestamp: false, formatters: { level: (level) => ({ level }) } },
    { write: (line) => lines.push(JSON.parse(line)) },
  );
  const write = kafkaLogCreator(log)(logLevel.DEBUG);
  const say = (level: logLevel, namespace: string, message: string) =>
    write({ namespace, level, label: '', log: { timestamp: 'now', logger: 'kafkajs', message, stack: 'at x', groupId: 'g' } });
  return { lines, say };
}

describe('log lines of kafkajs', () => {
  it('come one level lower, with their details', () => {
    const { lines, say } = capture();
    say(logLevel.ERROR, 'Consumer', 'Crash: x');
    say(logLevel.WARN, 'Cluster', 'odd');
    say(logLevel.INFO, '', 'joined');
    say(logLevel.DEBUG, 'Connection', 'Request Fetch');
    expect(lines).toEqual([
      { level: 'warn', groupId: 'g', msg: 'Consumer: Crash: x' },
      { level: 'info', groupId: 'g', msg: 'Cluster: odd' },
      { level: 'debug', groupId: 'g', msg: 'joined' },
      { level: 'trace', groupId: 'g', msg: 'Connection: Request Fetch' },
    ]);
  });

  it('are details where they are everyday life or reach the caller anyway', () => {
    const { lines, say } = capture();
    say(logLevel.ERROR, 'Connection', 'Response AddPartitionsToTxn(key: 24, version: 1)');
    say(
      logLevel.ERROR,
      'Producer',
      'The producer attempted to update a transaction while another concurrent operation on the same transaction was ongoing',
    );
    say(logLevel.WARN, 'Runner', 'The group is rebalancing, re-joining');
    expect(lines.map(({ level }) => level)).toEqual(['debug', 'debug', 'debug']);
  });

  it('are not repeated while Kafka is away', () => {
    const { lines, say } = capture();
    for (let i = 0; i < 5; i++) say(logLevel.ERROR, 'Connection', 'Connection error: connect ECONNREFUSED');
    expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  it('are only built where they would be shown', () => {
    expect(['trace', 'debug', 'info', 'error'].map((level) => kafkaLogLevel(pino({ level })))).toEqual([
      logLevel.DEBUG,
      logLevel.INFO,
      logLevel.WARN,
      logLevel.WARN,
    ]);
  });
});
