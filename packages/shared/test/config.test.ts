import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { commonSettings, describeSettings, type Env, printRedacted, readConfig, redactUrls, setting } from '../src/config.js';
import type { LabelstreamError } from '../src/errors.js';

function problemOf(env: Env): string {
  try {
    readConfig(commonSettings, env);
  } catch (error) {
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    return (error as LabelstreamError).message;
  }
  throw new Error('accepted');
}

describe('readConfig', () => {
  it('has a default for everything', () => {
    expect(readConfig(commonSettings, {})).toMatchObject({
      KAFKA_BROKERS: ['127.0.0.1:9092'],
      TOPIC_PREFIX: '',
      HTTP_HOST: '127.0.0.1',
      MAX_IN_FLIGHT: 2,
      BACKFILL_SHARE: 0.05,
    });
  });

  it('reads text as what it means', () => {
    const config = readConfig(commonSettings, {
      KAFKA_BROKERS: 'a:9092, b:9092,',
      KAFKA_SSL: 'true',
      BATCH_MAX_SIZE: '64',
      BACKFILL_SHARE: '0.5',
    });
    expect(config).toMatchObject({ KAFKA_BROKERS: ['a:9092', 'b:9092'], KAFKA_SSL: true, BATCH_MAX_SIZE: 64, BACKFILL_SHARE: 0.5 });
  });

  it('takes an empty variable for an absent one, and ignores what it does not know', () => {
    expect(readConfig(commonSettings, { HTTP_PORT: '', SCHEMA_REGISTRY_URL: '', PATH: '/bin' })).toMatchObject({ HTTP_PORT: 0 });
  });

  it('names every bad variable, its value and what is allowed', () => {
    const problem = problemOf({
      BATCH_MAX_SIZE: '0',
      HTTP_PORT: 'http',
      LOG_LEVEL: 'loud',
      BACKFILL_SHARE: '2',
      REDIS_CACHE_URL: 'localhost',
    });
    expect(problem).toMatch(/BATCH_MAX_SIZE is "0": a whole number from 1 to 4096/);
    expect(problem).toMatch(/HTTP_PORT is "http": a whole number from 0 to 65535/);
    expect(problem).toMatch(/LOG_LEVEL is "loud": .*"info"/);
    expect(problem).toMatch(/BACKFILL_SHARE is "2": a number from 0 to 1/);
    expect(problem).toMatch(/REDIS_CACHE_URL is "localhost": a URL with redis or rediss/);
  });

  it('checks settings against each other', () => {
    expect(problemOf({ KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'me' })).toContain(
      'needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD',
    );
    expect(problemOf({ BATCH_MAX_SIZE: '100', MAX_BUFFERED_PER_LANE: '99' })).toContain(
      'MAX_BUFFERED_PER_LANE is "99": at least BATCH_MAX_SIZE',
    );
  });

  it.each(['http://me:hunter2@redis:6379', 'rediss://me:hunter2/@redis', 'redis://me:a@hunter2@redis:x', 'redis://me:hunter2 @redis:x'])(
    'does not tell secrets in its complaints about %s',
    (url) => {
      const problem = problemOf({ REDIS_STATE_URL: url });
      expect(problem).toContain('REDIS_STATE_URL');
      expect(problem).not.toContain('hunter2');
    },
  );

  it.each([
    ['a certificate without its key', { KAFKA_SSL: '1', KAFKA_SSL_CERT_FILE: 'c' }, 'needs KAFKA_SSL_KEY_FILE'],
    ['a key without its certificate', { REDIS_STATE_URL: 'rediss://h', REDIS_TLS_KEY_FILE: 'k' }, 'needs REDIS_TLS_KEY_FILE'],
    ['an authority for Kafka without TLS', { KAFKA_SSL_CA_FILE: 'c' }, 'KAFKA_SSL is not set: has to be true'],
    ['an authority for Redis without TLS', { REDIS_TLS_CA_FILE: 'c' }, 'has to begin with rediss:'],
  ])('refuses %s, which would leave a connection less secure than it looks', (_, env, problem) => {
    expect(problemOf(env)).toContain(problem);
  });

  it('names what is missing', () => {
    expect(() => readConfig(z.object({ ENCODER_BUNDLE: z.string() }), {})).toThrow(/ENCODER_BUNDLE is not set/);
  });
});

describe('setting', () => {
  it.each([
    ['true', true],
    ['1', true],
    ['false', false],
    ['0', false],
  ])('reads the flag %s as %s', (text, value) => {
    expect(setting.flag().parse(text)).toBe(value);
  });

  it('takes no flag that is neither', () => {
    expect(() => setting.flag().parse('perhaps')).toThrow();
  });

  it('takes whole numbers only', () => {
    expect(() => setting.integer(0, 10).parse('1.5')).toThrow();
    expect(() => setting.integer(0, 10).parse(' ')).toThrow();
  });
});

describe('printRedacted', () => {
  it('shows settings but no passwords', () => {
    const config = readConfig(commonSettings, {
      KAFKA_SASL_MECHANISM: 'plain',
      KAFKA_SASL_USERNAME: 'me',
      KAFKA_SASL_PASSWORD: 'hunter2',
      REDIS_CACHE_URL: 'redis://user:hunter2@cache:6379/0',
    });
    const printed = printRedacted(config);
    expect(printed).toMatchObject({ KAFKA_SASL_PASSWORD: '***', REDIS_CACHE_URL: 'redis://***@cache:6379/0', MAX_IN_FLIGHT: 2 });
    expect(JSON.stringify(printed)).not.toContain('hunter2');
  });

  it('keeps settings that are absent absent', () => {
    expect(printRedacted({ S3_SECRET: undefined, AWS_SECRET_ACCESS_KEY: 'x' })).toEqual({
      S3_SECRET: undefined,
      AWS_SECRET_ACCESS_KEY: '***',
    });
  });
});

describe('redactUrls', () => {
  it('takes out credentials wherever a URL stands in a text', () => {
    expect(redactUrls('GET https://me:pw@shop.example/a?b=1 and redis://:pw@r:1')).toBe(
      'GET https://***@shop.example/a?b=1 and redis://***@r:1',
    );
    expect(redactUrls('redis://me:p@ss@r:1, then')).toBe('redis://***@r:1, then');
    expect(redactUrls('mail me@shop.example, see https://shop.example/@me')).toBe('mail me@shop.example, see https://shop.example/@me');
  });
});

describe('describeSettings', () => {
  it('has a sentence for every common setting', () => {
    const reference = describeSettings(commonSettings);
    expect(reference.filter(({ description }) => !description.endsWith('.'))).toEqual([]);
    expect(reference.find(({ name }) => name === 'MAX_IN_FLIGHT')).toMatchObject({ default: '2' });
    expect(reference.find(({ name }) => name === 'SCHEMA_REGISTRY_URL')).not.toHaveProperty('default');
  });
});
