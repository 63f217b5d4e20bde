import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { createBullmqRetryQueue } from '../adapters/bullmq/retry-queue.js';
import { readTls, type TlsOptions } from '../adapters/common/tls.js';
import { createKafkaBroker, type KafkaBrokerDeps } from '../adapters/kafka/broker.js';
import { createRedisKeyValueStore } from '../adapters/redis/key-value.js';
import { createHttpSchemaRegistry } from '../adapters/registry/http.js';
import type { CommonSettings } from '../config.js';
import { createCodecs } from '../events/codecs.js';
import { topicNames } from '../events/topics.js';
import type { Lifecycle } from '../stream/lifecycle.js';
import { groupIdOf } from './group-id.js';
import type { ServiceContext } from './service.js';
import type { WaitAtStart } from './wait-at-start.js';

export interface OpenContextDeps {
  readonly log: Logger;
  /** Remembers what is opened; whoever gives it closes it. */
  readonly lifecycle: Lifecycle;
  readonly wait: WaitAtStart;
  readonly metrics: Registry;
}

/** Connects to Kafka, both Redis and, where there is one, the schema registry; waits for what is down. Throws CONFIG_INVALID. */
export async function openContext(settings: CommonSettings, { log, lifecycle, wait, metrics }: OpenContextDeps): Promise<ServiceContext> {
  const { TOPIC_PREFIX: topicPrefix, REDIS_CACHE_URL, REDIS_STATE_URL } = settings;
  const broker = await lifecycle.open(
    'broker',
    async () => createKafkaBroker({ ...kafkaSettings(settings), log }),
    (opened) => opened.close(),
  );
  await wait(() => broker.ping());
  const tls = redisTls(settings);
  const openStore = (role: 'cache' | 'state', url: string) =>
    lifecycle.open(
      role,
      () => wait(() => createRedisKeyValueStore({ url, role, tls, log })),
      (opened) => opened.close(),
    );
  const cache = await openStore('cache', REDIS_CACHE_URL);
  const state = await openStore('state', REDIS_STATE_URL);
  const retryQueue = await lifecycle.open(
    'retry queue',
    () => wait(() => createBullmqRetryQueue({ url: REDIS_STATE_URL, prefix: topicPrefix, tls, log })),
    (opened) => opened.close(),
  );
  const codecs = await wait(() => createCodecs(codecOptions(settings)));
  const groupId: ServiceContext['groupId'] = (stage) => groupIdOf(topicPrefix, stage);
  return { broker, cache, state, retryQueue, codecs, topics: topicNames(topicPrefix), log, metrics, groupId, topicPrefix };
}

/** How to reach Kafka, as the broker adapter takes it. Throws CONFIG_INVALID for a file that cannot be used. */
export function kafkaSettings(settings: CommonSettings): Omit<KafkaBrokerDeps, 'log'> {
  const { KAFKA_BROKERS, KAFKA_CLIENT_ID, KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME = '', KAFKA_SASL_PASSWORD = '' } = settings;
  const base = { brokers: KAFKA_BROKERS, clientId: KAFKA_CLIENT_ID, ssl: settings.KAFKA_SSL && kafkaTls(settings) };
  if (KAFKA_SASL_MECHANISM === undefined) return base;
  // The type of kafkajs is a union by mechanism, which a variable does not narrow.
  const sasl = { mechanism: KAFKA_SASL_MECHANISM, username: KAFKA_SASL_USERNAME, password: KAFKA_SASL_PASSWORD } as KafkaBrokerDeps['sasl'];
  return { ...base, sasl };
}

const kafkaTls = (settings: CommonSettings): TlsOptions =>
  readTls(
    {
      caFile: settings.KAFKA_SSL_CA_FILE,
      certFile: settings.KAFKA_SSL_CERT_FILE,
      keyFile: settings.KAFKA_SSL_KEY_FILE,
      serverName: settings.KAFKA_SSL_SERVER_NAME,
    },
    'KAFKA_SSL',
  );

/** What the Redis adapters take for `rediss` URLs. Throws CONFIG_INVALID for a file that cannot be used. */
export const redisTls = (settings: CommonSettings): TlsOptions =>
  readTls(
    {
      caFile: settings.REDIS_TLS_CA_FILE,
      certFile: settings.REDIS_TLS_CERT_FILE,
      keyFile: settings.REDIS_TLS_KEY_FILE,
      serverName: settings.REDIS_TLS_SERVER_NAME,
    },
    'REDIS_TLS',
  );

/** How records are encoded, as `createCodecs` takes it. */
export function codecOptions({ SCHEMA_REGISTRY_URL, TOPIC_PREFIX, LABELS_FORMAT }: CommonSettings): Parameters<typeof createCodecs>[0] {
  const base = { topicPrefix: TOPIC_PREFIX, labelsFormat: LABELS_FORMAT };
  return SCHEMA_REGISTRY_URL === undefined ? base : { ...base, registry: createHttpSchemaRegistry({ url: SCHEMA_REGISTRY_URL }) };
}
