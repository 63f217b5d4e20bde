import { connect as connectPlain, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type ISocketFactory, Kafka, type KafkaConfig } from 'kafkajs';
import type { Logger } from 'pino';
import { kafkaLogCreator, kafkaLogLevel } from './log.js';
import { quietRequestQueues } from './request-queue.js';

/** How to reach Kafka. */
export interface KafkaBrokerDeps {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly log: Logger;
  readonly ssl?: KafkaConfig['ssl'];
  readonly sasl?: KafkaConfig['sasl'];
}

/**
 * Opens one kafkajs client per consumer, producer and admin. Within one client kafkajs shares a map of committed offsets: a transactional
 * producer writes positions there before its transaction is committed, and a consumer of the same client would begin from them after a
 * rebalance even when the transaction was aborted.
 */
export type OpenClient = () => Kafka;

/** All values are stated, because kafkajs' defaults depend on NODE_ENV. A call that gets no answer fails after about 8 s. */
const RETRY = { initialRetryTime: 50, factor: 0.2, multiplier: 2, maxRetryTime: 2000, retries: 8 };

const KEEP_ALIVE_MS = 60_000;

/** As kafkajs' own, but lets `onError` see what ended a connection: kafkajs goes on trying, also where that cannot help. */
const socketFactory =
  (onError: (error: Error) => void): ISocketFactory =>
  ({ host, port, ssl, onConnect }) => {
    const servername = isIP(host) ? {} : { servername: host };
    const socket = ssl ? connectTls({ host, port, ...servername, ...ssl }, onConnect) : connectPlain({ host, port }, onConnect);
    socket.on('error', onError);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    return socket;
  };

/** Nothing is connected until a client's consumer, producer or admin is. */
export function createClientFactory(
  { brokers, clientId, log, ssl, sasl }: KafkaBrokerDeps,
  onSocketError: (error: Error) => void = () => {},
): OpenClient {
  quietRequestQueues();
  // One for all clients, so that they do not repeat each other.
  const logCreator = kafkaLogCreator(log);
  return () =>
    new Kafka({
      brokers: [...brokers],
      clientId,
      connectionTimeout: 3000,
      requestTimeout: 30_000,
      retry: RETRY,
      logLevel: kafkaLogLevel(log),
      logCreator,
      socketFactory: socketFactory(onSocketError),
      ...(ssl === undefined ? {} : { ssl }),
      ...(sasl === undefined ? {} : { sasl }),
    });
}
