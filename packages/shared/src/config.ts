import { z } from 'zod';
import { LabelstreamError } from './errors.js';
import { LANES } from './events/lane.js';

/** Environment variables, flat and without a prefix. */
export type Env = Readonly<Record<string, string | undefined>>;

/** The environment of this process. */
export const processEnv = (): Env => process.env;

/** A number, with a sentence on what is allowed instead of the several that a chain of checks would give. */
const number = (isAllowed: (value: number) => boolean, allowed: string) =>
  z
    .string()
    .transform((text) => (text.trim() === '' ? Number.NaN : Number(text)))
    .refine(isAllowed, allowed);
const wholeNumber = (min: number, max: number) =>
  number((value) => Number.isInteger(value) && value >= min && value <= max, `a whole number from ${min} to ${max}`);

/** Kinds of settings, each read from text. */
export const setting = {
  integer: wholeNumber,
  /** 0..1 */
  share: () => number((value) => value >= 0 && value <= 1, 'a number from 0 to 1'),
  flag: () => z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1'),
  list: () =>
    z
      .string()
      .transform((text) =>
        text
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== ''),
      )
      .refine((items) => items.length > 0, 'at least one, separated by commas'),
  url: (...schemes: string[]) =>
    z
      .string()
      .refine((text) => URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1)), `a URL with ${schemes.join(' or ')}`),
  port: () => wholeNumber(0, 65_535),
} as const;

const file = (description: string) => z.string().min(1).optional().describe(description);

const kafkaSettings = {
  KAFKA_BROKERS: setting.list().default(['127.0.0.1:9092']).describe('Kafka brokers as `host:port`, separated by commas.'),
  KAFKA_CLIENT_ID: z.string().min(1).default('labelstream').describe("Client id shown in the brokers' logs and metrics."),
  KAFKA_SSL: setting.flag().default(false).describe('Whether to connect to Kafka over TLS.'),
  KAFKA_SSL_CA_FILE: file('PEM file of the authorities whose certificates Kafka may show; absent: those that Node knows.'),
  KAFKA_SSL_CERT_FILE: file('PEM file of the certificate that this client shows to Kafka, where Kafka asks for one.'),
  KAFKA_SSL_KEY_FILE: file('PEM file of its private key; needed with KAFKA_SSL_CERT_FILE.'),
  KAFKA_SSL_SERVER_NAME: file("Name that the brokers' certificates must be for; absent: the host of each broker."),
  KAFKA_SASL_MECHANISM: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
    .optional()
    .describe('SASL mechanism; absent: no authentication.'),
  KAFKA_SASL_USERNAME: z.string().min(1).optional().describe('SASL user name; needed with KAFKA_SASL_MECHANISM.'),
  KAFKA_SASL_PASSWORD: z.string().min(1).optional().describe('SASL password; needed with KAFKA_SASL_MECHANISM.'),
  TOPIC_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9._-]{0,80}$/, 'up to 80 of A-Z a-z 0-9 . _ -')
    .default('')
    .describe('Put before every topic name and consumer group as it is, for example `shop-a.`.'),
  TOPIC_PARTITIONS: setting.integer(1, 1024).default(6).describe('Partitions of topics that do not exist yet and are created at start.'),
};

const storeSettings = {
  REDIS_CACHE_URL: setting
    .url('redis', 'rediss')
    .default('redis://127.0.0.1:6380')
    .describe('The cache Redis: pixels and token sequences; may evict. `rediss://user:password@host:port` for TLS and an ACL user.'),
  REDIS_STATE_URL: setting
    .url('redis', 'rediss')
    .default('redis://127.0.0.1:6379')
    .describe('The state Redis: last published labels and delayed retries; must not evict.'),
  REDIS_TLS_CA_FILE: file('PEM file of the authorities whose certificates a `rediss` server may show; absent: those that Node knows.'),
  REDIS_TLS_CERT_FILE: file('PEM file of the certificate that this client shows to a `rediss` server that asks for one.'),
  REDIS_TLS_KEY_FILE: file('PEM file of its private key; needed with REDIS_TLS_CERT_FILE.'),
  REDIS_TLS_SERVER_NAME: file('Name that the certificates of `rediss` servers must be for; absent: the host of the URL.'),
  SCHEMA_REGISTRY_URL: setting
    .url('http', 'https')
    .optional()
    .describe('Confluent-compatible schema registry; absent: Avro single-object encoding.'),
  LABELS_FORMAT: z.enum(['avro', 'json']).default('avro').describe('How `product.labels` is written.'),
};

const processSettings = {
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Least severe level that is logged.'),
  HTTP_HOST: z.string().min(1).default('127.0.0.1').describe('Address on which health, metrics and status are served.'),
  HTTP_PORT: setting.port().default(0).describe('Port for health, metrics and status; 0: any free port, told in the `ready` line.'),
  READY_FILE: z.string().min(1).optional().describe('File that is written when the process is ready: the `ready` line, with pid and port.'),
  SHUTDOWN_DEADLINE_MS: setting.integer(100, 600_000).default(20_000).describe('How long work under way may take to finish after SIGTERM.'),
  PROCESS_NICE: setting
    .integer(0, 19)
    .default(0)
    .describe(
      'How far this process steps back behind others of its machine, as nice(1) has it; for a process that takes the backfill lane.',
    ),
  WATCHDOG_MS: setting.integer(1000, 3_600_000).default(60_000).describe('The process is unhealthy when nothing has moved for this long.'),
  WATCHDOG_GRACE_MS: setting
    .integer(0, 3_600_000)
    .default(30_000)
    .describe(
      'A process that stays unhealthy for as long ends with exit code 3, and one whose event loop is blocked for both times together is killed, to be started again by whoever supervises it; 0: neither.',
    ),
};

const batchSettings = {
  LANES: setting
    .list()
    .refine((items) => items.every((item) => LANES.some((lane) => lane === item)), `${LANES.join(' or ')}, or both, separated by a comma`)
    .transform((items) => LANES.filter((lane) => items.includes(lane)))
    .default([...LANES])
    .describe(
      'The lanes that this process takes. One that takes a single lane takes it off those that take both, for as long as it runs. The sink takes both.',
    ),
  BATCH_MAX_SIZE: setting
    .integer(1, 4096)
    .optional()
    .describe('Messages in a micro-batch, at most; absent: 32 in ingest and encoder, 128 in fusion and sink.'),
  BATCH_MAX_AGE_MS: setting
    .integer(0, 10_000)
    .default(20)
    .describe('How long a message waits for company while an earlier micro-batch is processed.'),
  MAX_IN_FLIGHT: setting.integer(1, 64).default(2).describe('Micro-batches processed at the same time.'),
  MAX_BUFFERED_PER_LANE: setting.integer(1, 100_000).default(512).describe('Fetched messages waiting per lane; fetching pauses above it.'),
  BACKFILL_SHARE: setting.share().default(0.05).describe('Share of every micro-batch that the backfill lane gets even under live load.'),
  BACKFILL_BATCH_MS: setting
    .integer(0, 60_000)
    .default(10)
    .describe(
      'About how long a micro-batch may take because of the backfill in it while live messages are about, which wait for it; 0: as large as any other. Of no meaning to the sink, and where the lanes have processes of their own (LANES).',
    ),
};

const pressureSettings = {
  PAUSE_LAG_LIVE: setting
    .integer(0, 1_000_000_000)
    .default(50_000)
    .describe(
      'A stage takes no more of the live lane while the next one is behind by more messages of it, down to half of that; 0: never.',
    ),
  PAUSE_LAG_BACKFILL: setting
    .integer(0, 1_000_000_000)
    .default(5000)
    .describe('The same for the backfill lane. Both are lower where a cache that is full could evict what still waits.'),
  PAUSE_MEMORY_LIVE: setting
    .share()
    .default(0.95)
    .describe(
      'A stage takes no more of the live lane while a Redis that it fills, and that refuses when it is full, is used beyond this share.',
    ),
  PAUSE_MEMORY_BACKFILL: setting.share().default(0.85).describe('The same for the backfill lane.'),
  PAUSE_CHECK_MS: setting.integer(100, 60_000).default(1000).describe('How often the four are looked at.'),
};

const isAnySet = (all: Readonly<Record<string, unknown>>, ...names: string[]): boolean => names.some((name) => all[name] !== undefined);

/** Settings that every service has. */
export const commonSettings = z
  .object({ ...kafkaSettings, ...storeSettings, ...processSettings, ...batchSettings, ...pressureSettings })
  .refine(
    (all) => all.KAFKA_SASL_MECHANISM === undefined || (all.KAFKA_SASL_USERNAME !== undefined && all.KAFKA_SASL_PASSWORD !== undefined),
    {
      path: ['KAFKA_SASL_MECHANISM'],
      message: 'needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD',
    },
  )
  .refine((all) => (all.KAFKA_SSL_CERT_FILE === undefined) === (all.KAFKA_SSL_KEY_FILE === undefined), {
    path: ['KAFKA_SSL_CERT_FILE'],
    message: 'needs KAFKA_SSL_KEY_FILE, and the other way round',
  })
  .refine((all) => (all.REDIS_TLS_CERT_FILE === undefined) === (all.REDIS_TLS_KEY_FILE === undefined), {
    path: ['REDIS_TLS_CERT_FILE'],
    message: 'needs REDIS_TLS_KEY_FILE, and the other way round',
  })
  .refine((all) => all.KAFKA_SSL || !isAnySet(all, 'KAFKA_SSL_CA_FILE', 'KAFKA_SSL_CERT_FILE', 'KAFKA_SSL_SERVER_NAME'), {
    path: ['KAFKA_SSL'],
    message: 'has to be true where a KAFKA_SSL_* setting is given',
  })
  .refine(
    (all) =>
      [all.REDIS_CACHE_URL, all.REDIS_STATE_URL].some((url) => url.startsWith('rediss:')) ||
      !isAnySet(all, 'REDIS_TLS_CA_FILE', 'REDIS_TLS_CERT_FILE', 'REDIS_TLS_SERVER_NAME'),
    { path: ['REDIS_STATE_URL'], message: 'this or REDIS_CACHE_URL has to begin with rediss: where a REDIS_TLS_* setting is given' },
  )
  .refine((all) => all.MAX_BUFFERED_PER_LANE >= (all.BATCH_MAX_SIZE ?? 1), {
    path: ['MAX_BUFFERED_PER_LANE'],
    message: 'at least BATCH_MAX_SIZE, or no micro-batch is ever full',
  });
export type CommonSettings = z.infer<typeof commonSettings>;

/**
 * Reads settings from environment variables; an empty variable counts as absent.
 *
 * @throws CONFIG_INVALID, naming every bad variable and what is allowed
 */
export function readConfig<T extends z.ZodType>(schema: T, env: Env): z.infer<T> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => describeIssue(issue, given));
  throw new LabelstreamError('CONFIG_INVALID', problems.join('; '));
}

function describeIssue(issue: z.core.$ZodIssue, given: Readonly<Record<string, string | undefined>>): string {
  const name = issue.path.map(String).join('.') || 'settings';
  const value = given[name];
  const shown = value === undefined ? 'is not set' : `is ${JSON.stringify(redactSetting(name, value))}`;
  return `${name} ${shown}: ${issue.message}`;
}

const SECRET_NAME = /(PASSWORD|SECRET|TOKEN|ACCESS_KEY|API_KEY)(_ID)?$/i;
/** Up to the last `@` before the path: a password may hold one. */
const URL_CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"]+@/gi;

/** Text without the user name and password of URLs in it. */
export const redactUrls = (text: string): string => text.replace(URL_CREDENTIALS, '$1***@');

/** Whether a setting or field of this name holds a secret. */
export const isSecretName = (name: string): boolean => SECRET_NAME.test(name);

function redactSetting(name: string, value: unknown): unknown {
  if (isSecretName(name) && value !== undefined) return '***';
  // A value that is wrong may be no URL for the characters of its password, so everything up to the last `@` goes.
  return typeof value === 'string' ? value.replace(/:\/\/.*@/s, '://***@') : value;
}

/** The settings as they may be printed: without secrets. */
export function printRedacted(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).map(([name, value]) => [name, redactSetting(name, value)]));
}

/** One row of the configuration reference. */
export interface SettingReference {
  readonly name: string;
  readonly description: string;
  /** As text; absent where there is none. */
  readonly default?: string;
}

/** The reference of a schema's settings, in the order in which they are declared. */
export function describeSettings(schema: z.ZodObject): SettingReference[] {
  return Object.entries(schema.shape).map(([name, field]) => {
    const absent = (field as z.ZodType).safeParse(undefined);
    const fallback = absent.success && absent.data !== undefined ? String(absent.data) : undefined;
    return { name, description: (field as z.ZodType).description ?? '', ...(fallback === undefined ? {} : { default: fallback }) };
  });
}
