import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type SecuredServers, startSecuredServers } from '@labelstream/local/secured';
import { createKafkaBroker } from '@labelstream/shared/adapters/kafka/broker';
import type { Env } from '@labelstream/shared/config';
import { createCodecs } from '@labelstream/shared/events/codecs';
import { topicNames } from '@labelstream/shared/events/topics';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { grantRights } from '../../shared/test/servers/kafka-rights.js';

const MARKER = 'sEcReT4711';
/** As it stands, as basic authentication carries it, and as a URL may have to spell it. */
const FORMS = [MARKER, Buffer.from(`u:${MARKER}`).toString('base64').slice(4, 16), '%73EcReT4711'];
const topics = topicNames('secrets.');
const log = pino({ level: 'silent' });
const bundle = (name: string) => fileURLToPath(new URL(`../../shared/test/fixtures/bundles/${name}`, import.meta.url));
const CLI = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const service = (name: string) => fileURLToPath(new URL(`../../../services/${name}/dist/main.js`, import.meta.url));

let servers: SecuredServers;
let secret: Env;
beforeAll(async () => {
  servers = await startSecuredServers({
    kafka: { shop: `kafka-${MARKER}` },
    redis: { shop: { password: `redis-${MARKER}`, rules: '~* &* +@all' } },
  });
  const everything = (['topic', 'group', 'transactional id'] as const).map((on) => ({ on, name: 'secrets.*', may: ['ALL'] }) as const);
  await grantRights(servers.adminBrokers, '', { shop: [...everything, { on: 'group', name: 'labelstream-read-*', may: ['ALL'] }] });
  const admin = createKafkaBroker({ brokers: servers.adminBrokers, clientId: 'admin', log });
  await admin.ensureTopics(topics.all(), { partitions: 1 });
  await admin.close();
  secret = {
    KAFKA_BROKERS: servers.brokers.join(),
    KAFKA_SSL: 'true',
    KAFKA_SSL_CA_FILE: servers.files.ca,
    KAFKA_SASL_MECHANISM: 'plain',
    KAFKA_SASL_USERNAME: 'shop',
    KAFKA_SASL_PASSWORD: `kafka-${MARKER}`,
    REDIS_CACHE_URL: servers.redisUrl('shop'),
    REDIS_STATE_URL: servers.redisUrl('shop'),
    REDIS_TLS_CA_FILE: servers.files.ca,
    TOPIC_PREFIX: 'secrets.',
    AWS_ACCESS_KEY_ID: `id-${MARKER}`,
    AWS_SECRET_ACCESS_KEY: `key-${MARKER}`,
    AWS_SESSION_TOKEN: `token-${MARKER}`,
    S3_ENDPOINT: 'http://127.0.0.1:1',
    S3_BUCKETS: 'shop',
    ENCODER_BUNDLE: bundle('encoder'),
    FUSION_BUNDLE: bundle('fusion'),
    IMAGE_HTTP_ALLOWED: 'true',
    LOG_LEVEL: 'trace',
  };
});
afterAll(() => servers.stop());

/** All that a process prints until it ends; it is told to end once it has printed `until`. */
async function outputOf(args: readonly string[], env: Env, until = /(?!)/): Promise<string> {
  const child = spawn(process.execPath, args, { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let told = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (told || !until.test(output)) return;
      told = true;
      child.kill('SIGTERM');
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return `${output}\nended with ${code}`;
}

function expectNoSecrets(output: string): void {
  for (const form of FORMS) {
    const at = output.indexOf(form);
    expect(at === -1 ? '' : output.slice(Math.max(0, at - 300), at + 100)).toBe('');
  }
}

async function sendImages(uris: readonly string[]): Promise<void> {
  const broker = createKafkaBroker({ brokers: servers.adminBrokers, clientId: 'shop', log });
  const codecs = await createCodecs();
  const producer = await broker.producer();
  const records = uris.map((uri, index) => {
    const event = {
      productId: `p${index}`,
      version: 1,
      op: 'UPSERT',
      title: 'shoes',
      attributes: {},
      images: [{ uri }],
      occurredAt: 1,
    } as const;
    return { topic: topics.of('events'), key: `p${index}`, value: codecs.productEvent.encode(event) };
  });
  await producer.send(records);
  await broker.close();
}

it('a service at work tells no secret at its finest log level, nor those in its events', async () => {
  await sendImages([
    `https://u:${MARKER}@127.0.0.1/a.png`,
    `http://u:${MARKER}@shop.invalid/a.png`,
    `https://shop.invalid/a.png?X-Amz-Signature=${MARKER}&token=${MARKER}`,
    's3://shop/a.png',
    `ftp://u:${MARKER}@shop.invalid/a.png`,
    `https://u:${MARKER}@[bad/a.png`,
  ]);
  const output = await outputOf([service('ingest')], secret, /"Connection: Response Heartbeat.*"Connection: Response Produce/s);
  expect(output).toContain('"msg":"starting"');
  expect(output).toContain('ended with 0');
  expectNoSecrets(output);
});

it.each<[string, string, Env, RegExp | undefined, RegExp]>([
  ['a wrong password for Kafka', 'encoder', { KAFKA_SASL_PASSWORD: `wrong-${MARKER}` }, undefined, /CONFIG_INVALID.*ended with 2/s],
  ['a wrong password for Redis', 'sink', { REDIS_STATE_URL: `wrong-${MARKER}` }, undefined, /WRONGPASS.*ended with 2/s],
  ['an address that is none', 'sink', { REDIS_STATE_URL: `rediss://u:${MARKER}/@h` }, undefined, /REDIS_STATE_URL is.*ended with 2/s],
  [
    'a registry that is away',
    'fusion',
    { SCHEMA_REGISTRY_URL: `http://u:${MARKER}@127.0.0.1:1` },
    /"outage/,
    /SCHEMA_REGISTRY_UNAVAILABLE/,
  ],
])('a service that cannot start for %s says so, without the secret', async (_, name, changes, until, expected) => {
  const wrongRedis = changes.REDIS_STATE_URL?.startsWith('wrong')
    ? { REDIS_STATE_URL: servers.redisUrl('shop', changes.REDIS_STATE_URL) }
    : {};
  const output = await outputOf([service(name)], { ...secret, ...changes, ...wrongRedis }, until);
  expect(output).toMatch(expected);
  expectNoSecrets(output);
});

it.each([
  ['doctor', '--json'],
  ['dlq', 'list'],
])('the command %s tells no secret, with the right password and with a wrong one', async (...args) => {
  const passwords = [`kafka-${MARKER}`, `wrong-${MARKER}`];
  const outputs = await Promise.all(passwords.map((password) => outputOf([CLI, ...args], { ...secret, KAFKA_SASL_PASSWORD: password })));
  for (const output of outputs) expectNoSecrets(output);
});
