import { Kafka, type KafkaConfig } from 'kafkajs';
import type { Logger } from 'pino';
import { kafkaLogCreator, kafkaLogLevel } from './log.js';

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

/** Nothing is connected until a client's consumer, producer or admin is. */
export function createClientFactory({ brokers, clientId, log, ssl, sasl }: KafkaBrokerDeps): OpenClient {
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
      ...(ssl === undefined ? {} : { ssl }),
      ...(sasl === undefined ? {} : { sasl }),
    });
}
