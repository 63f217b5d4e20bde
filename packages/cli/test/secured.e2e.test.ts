import { type SecuredServers, startSecuredServers } from '@labelstream/local/secured';
import { createKafkaBroker } from '@labelstream/shared/adapters/kafka/broker';
import { createRedisKeyValueStore } from '@labelstream/shared/adapters/redis/key-value';
import { commonSettings, type Env, readConfig } from '@labelstream/shared/config';
import { createCodecs } from '@labelstream/shared/events/codecs';
import { cacheKeys } from '@labelstream/shared/events/keys';
import { topicNames } from '@labelstream/shared/events/topics';
import { kafkaSettings, redisTls } from '@labelstream/shared/service/open-context';
import { type RunningProcess, startServices } from '@labelstream/shared/service/start-service';
import type { StageName } from '@labelstream/shared/stream/stage';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grantRights, SERVICE_RIGHTS } from '../../shared/test/servers/kafka-rights.js';
import { loadServices } from '../src/services.js';

const PASSWORD = 'marker-4711';
const STAGES: readonly StageName[] = ['ingest', 'encoder', 'fusion', 'sink'];
/** As docs/security.md gives them. */
const REDIS_RULES = {
  cache: 'resetchannels ~px:* ~tok:* -@all +mget +set +exists +unlink +ping +info +dbsize +client|setname',
  state:
    'resetchannels ~pub* ~models:* ~{shop.labelstream}:* -@all +@read +@write +@blocking +@scripting -@dangerous +ping +info +dbsize +client|setname',
};
const users = {
  kafka: Object.fromEntries([...STAGES, 'shop', 'nobody'].map((name) => [name, `${name}-${PASSWORD}`])),
  redis: {
    cache: { password: `cache-${PASSWORD}`, rules: REDIS_RULES.cache },
    state: { password: `state-${PASSWORD}`, rules: REDIS_RULES.state },
  },
};
const topicPrefix = 'shop.';
const topics = topicNames(topicPrefix);
const log = pino({ level: 'silent' });

let servers: SecuredServers;
beforeAll(async () => {
  servers = await startSecuredServers(users);
  const admin = createKafkaBroker({ brokers: servers.adminBrokers, clientId: 'admin', log });
  await admin.ensureTopics(topics.all(), { partitions: 1 });
  await admin.close();
  const shop = [
    { on: 'topic', name: 'product.events', may: ['WRITE'] },
    { on: 'topic', name: 'product.labels', may: ['READ'] },
    { on: 'group', name: 'labelstream-read-*', may: ['READ', 'DELETE'] },
  ] as const;
  await grantRights(servers.adminBrokers, topicPrefix, { ...SERVICE_RIGHTS, shop, 'CN=client': shop });
});
afterAll(() => servers.stop());

/** The settings of one who comes in by a password. */
const envOf = (user: string, changes: Env = {}): Env => ({
  KAFKA_BROKERS: servers.brokers.join(),
  KAFKA_SSL: 'true',
  KAFKA_SSL_CA_FILE: servers.files.ca,
  KAFKA_SASL_MECHANISM: 'scram-sha-512',
  KAFKA_SASL_USERNAME: user,
  KAFKA_SASL_PASSWORD: users.kafka[user],
  REDIS_CACHE_URL: servers.redisUrl('cache'),
  REDIS_STATE_URL: servers.redisUrl('state'),
  REDIS_TLS_CA_FILE: servers.files.ca,
  TOPIC_PREFIX: topicPrefix,
  ENCODER_BUNDLE: 'packages/shared/test/fixtures/bundles/encoder',
  FUSION_BUNDLE: 'packages/shared/test/fixtures/bundles/fusion',
  ...changes,
});

const brokerOf = (env: Env) => createKafkaBroker({ ...kafkaSettings(readConfig(commonSettings, env)), log });

/** What using a broker as `env` says comes to. */
async function trying<T>(env: Env, use: (broker: ReturnType<typeof brokerOf>) => Promise<T>): Promise<T> {
  const broker = brokerOf(env);
  try {
    return await use(broker);
  } finally {
    await broker.close();
  }
}
const pinging = (env: Env) => trying(env, (broker) => broker.ping());

async function errorOf(promise: Promise<unknown>, retriable = false): Promise<{ code: string; message: string }> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: expect.any(String), retriable });
  const { code, message } = error as { code: string; message: string };
  expect(message).not.toContain(PASSWORD);
  return { code, message };
}

const openStore = (env: Env, role: 'cache' | 'state' = 'cache') => {
  const settings = readConfig(commonSettings, env);
  const url = role === 'cache' ? settings.REDIS_CACHE_URL : settings.REDIS_STATE_URL;
  return createRedisKeyValueStore({ url, role, tls: redisTls(settings), log });
};

describe('a listing through secured servers', () => {
  const running: RunningProcess[] = [];
  afterAll(async () => {
    for (const process of running.toReversed()) await process.stop();
  });

  it('is labelled by four services that have no more than the rights of the documentation', async () => {
    for (const stage of STAGES) {
      const env = envOf(stage);
      const settings = readConfig(commonSettings, env);
      const services = await loadServices([stage]);
      running.push(await startServices(services, { name: stage, settings, env, log, signal: new AbortController().signal }));
    }
    const codecs = await createCodecs();
    const event = { productId: 'p1', version: 1, op: 'UPSERT', title: 'red shoes', attributes: {}, images: [], occurredAt: 1 } as const;
    await trying(envOf('shop'), async (broker) => {
      const producer = await broker.producer();
      const image = { uri: 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7' };
      const second = { ...event, productId: 'p2', images: [image] };
      const encoded = [event, second, { ...event, productId: '' }].map((each) => codecs.productEvent.encode(each));
      await producer.send(encoded.map((value, index) => ({ topic: topics.of('events'), key: `p${index + 1}`, value })));
      const seen = new Set<string | null>();
      for await (const { key, value } of broker.read({ topic: topics.of('labels'), follow: true })) {
        expect(await codecs.labels.decode(value ?? new Uint8Array())).toMatchObject({ productId: key, text: 'USED' });
        if (seen.add(key).size === 2) break;
      }
    });
    const dead = await trying({ KAFKA_BROKERS: servers.adminBrokers.join() }, (broker) => broker.describe([topics.deadLetters('events')]));
    expect(dead.map(({ latest }) => latest)).toEqual([1]);
  });
});

describe('Kafka', () => {
  it.concurrent.each(['plain', 'scram-sha-256', 'scram-sha-512'])(
    'lets in by %s, and says plainly that a password is wrong',
    async (mechanism) => {
      const env = envOf('shop', { KAFKA_SASL_MECHANISM: mechanism });
      await pinging(env);
      const { code, message } = await errorOf(pinging({ ...env, KAFKA_SASL_PASSWORD: `wrong-${PASSWORD}` }));
      expect(code).toBe('CONFIG_INVALID');
      expect(message).toMatch(/[Aa]uthentication failed.*see KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD/);
    },
  );

  it.concurrent.each([
    ['of an authority that is not known', { KAFKA_SSL_CA_FILE: undefined }, /not trusted; KAFKA_SSL_CA_FILE/],
    ['of another authority', { KAFKA_SSL_CA_FILE: 'stranger' }, /not trusted; KAFKA_SSL_CA_FILE/],
    ['for another name', { KAFKA_SSL_SERVER_NAME: 'kafka.example' }, /for another name; KAFKA_SSL_SERVER_NAME/],
  ])('is not believed with a certificate %s', async (_, changes: Env, expected) => {
    const { strangerCa } = servers.files;
    const env = envOf('shop', changes.KAFKA_SSL_CA_FILE === 'stranger' ? { KAFKA_SSL_CA_FILE: strangerCa } : changes);
    const { code, message } = await errorOf(pinging(env));
    expect([code, message]).toEqual(['CONFIG_INVALID', expect.stringMatching(expected)]);
  });

  it.concurrent('takes the name that a certificate is for from the settings', () =>
    pinging(envOf('shop', { KAFKA_SSL_SERVER_NAME: 'localhost' })));

  it.concurrent('takes a certificate in place of a password, and says that it wants one', async () => {
    const { clientCert, clientKey } = servers.files;
    const bare = { KAFKA_BROKERS: servers.certificateBrokers.join(), KAFKA_SASL_MECHANISM: undefined };
    const env = envOf('shop', { ...bare, KAFKA_SSL_CERT_FILE: clientCert, KAFKA_SSL_KEY_FILE: clientKey });
    expect(await trying(env, (broker) => broker.describe([topics.of('labels')]))).toHaveLength(1);
    const { code, message } = await errorOf(pinging(envOf('shop', bare)));
    expect([code, message]).toEqual(['CONFIG_INVALID', expect.stringContaining('see KAFKA_SSL_CERT_FILE')]);
  });

  it('names the permission that is missing', async () => {
    const record = { topic: topics.of('labels'), key: 'p', value: new Uint8Array([1]) };
    const writing = trying(envOf('shop'), async (broker) => (await broker.producer()).send([record]));
    expect((await errorOf(writing)).message).toMatch(/producing to shop\.product\.labels.*lacks a right on the topic: Read or Write/);
    const subscribing = trying(envOf('shop'), (broker) =>
      broker.subscribe({
        groupId: 'mine',
        topics: [{ topic: topics.of('labels'), lane: 'live' }],
        maxBufferedPerLane: 1,
        from: 'earliest',
      }),
    );
    expect((await errorOf(subscribing, true)).message).toMatch(/group mine.*the user lacks Read on the consumer group/);
    const taking = trying(envOf('ingest'), (broker) => broker.transactionalProducer('shop.labelstream-sink-0'));
    expect((await errorOf(taking, true)).message).toMatch(/shop\.labelstream-sink-0.*Write on the transactional id/);
    const creating = trying(envOf('nobody'), (broker) => broker.ensureTopics(topics.all(), { partitions: 1 }));
    // Of many topics the first eight are named, in Kafka's own order.
    expect((await errorOf(creating)).message).toMatch(/shop\.(product|listings)\.[a-z.]+: the user lacks a right on the topic/);
  });
});

describe('Redis', () => {
  it.each([
    ['a wrong password', 'cache', /WRONGPASS/],
    ['a user that is not known', 'stranger', /WRONGPASS/],
  ])('refuses %s, which is said plainly', async (_, user, expected) => {
    const env = envOf('ingest', { REDIS_CACHE_URL: servers.redisUrl(user, `wrong-${PASSWORD}`) });
    const { code, message } = await errorOf(openStore(env));
    expect([code, message]).toEqual(['CONFIG_INVALID', expect.stringMatching(expected)]);
    expect(message).toContain('see the user and the password in the URL');
  });

  it('refuses who gives no password', async () => {
    const { port } = new URL(servers.redisUrl('cache'));
    const { code, message } = await errorOf(openStore(envOf('ingest', { REDIS_CACHE_URL: `rediss://127.0.0.1:${port}` })));
    expect([code, message]).toEqual(['CONFIG_INVALID', expect.stringContaining('NOAUTH')]);
  });

  it.each([
    ['of an authority that is not known', {}, /not trusted; REDIS_TLS_CA_FILE/],
    ['of another authority', { REDIS_TLS_CA_FILE: 'stranger' }, /not trusted; REDIS_TLS_CA_FILE/],
    ['for another name', { REDIS_TLS_CA_FILE: 'ca', REDIS_TLS_SERVER_NAME: 'redis.example' }, /for another name; REDIS_TLS_SERVER_NAME/],
  ])('is not believed with a certificate %s', async (_, changes: Env, expected) => {
    const file = { stranger: servers.files.strangerCa, ca: servers.files.ca }[changes.REDIS_TLS_CA_FILE ?? ''];
    const { code, message } = await errorOf(openStore(envOf('ingest', { ...changes, REDIS_TLS_CA_FILE: file })));
    expect([code, message]).toEqual(['CONFIG_INVALID', expect.stringMatching(expected)]);
  });

  it('names the command or the key that a user may not use', async () => {
    const store = await openStore(envOf('ingest'));
    await store.setMany([{ key: cacheKeys.pixels('p', 'x'), value: new Uint8Array([1]) }]);
    const foreign = await errorOf(store.getMany(['pub:shop.:p1']));
    expect([foreign.code, foreign.message]).toEqual(['CONFIG_INVALID', expect.stringMatching(/pub:shop\.:p1.*NOPERM.*ACL user/)]);
    const command = await errorOf(store.claim({ key: cacheKeys.pixels('p', 'x'), epoch: 1 }));
    expect(command.message).toMatch(/NOPERM.*'?eval/);
    await store.close();
  });
});
