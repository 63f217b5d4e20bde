import { KafkaJSConnectionError, KafkaJSNonRetriableError, KafkaJSNumberOfRetriesExceeded, KafkaJSProtocolError } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import {
  isConcurrentTransaction,
  isLostMembership,
  isTopicAlreadyThere,
  toAdminError,
  toBrokerError,
} from '../../../src/adapters/kafka/errors.js';
import { LabelstreamError } from '../../../src/errors.js';

const protocol = (type: string, message = type) => Object.assign(new KafkaJSProtocolError(message), { type });
const wrapped = (error: Error) => Object.assign(new KafkaJSNonRetriableError(error), { cause: error });

const cyclic = new Error('round');
cyclic.cause = cyclic;

describe('errors of kafkajs', () => {
  it.each([
    ['a refused connection', new KafkaJSConnectionError('connect ECONNREFUSED'), 'BROKER_UNAVAILABLE'],
    [
      'retries that ran out',
      new KafkaJSNumberOfRetriesExceeded(protocol('LEADER_NOT_AVAILABLE'), { retryCount: 3, retryTime: 1 }),
      'BROKER_UNAVAILABLE',
    ],
    ['a topic that is not there', protocol('UNKNOWN_TOPIC_OR_PARTITION'), 'BROKER_UNAVAILABLE'],
    ['an answer nobody knows', protocol('KAFKAJS_UNKNOWN_ERROR_CODE', 'Unknown error code 123'), 'BROKER_UNAVAILABLE'],
    ['an old epoch', protocol('INVALID_PRODUCER_EPOCH'), 'BROKER_FENCED'],
    ['an old epoch, wrapped', wrapped(wrapped(protocol('INVALID_PRODUCER_EPOCH'))), 'BROKER_FENCED'],
    ['PRODUCER_FENCED, which kafkajs does not know', protocol('KAFKAJS_UNKNOWN_ERROR_CODE', 'Unknown error code 90'), 'BROKER_FENCED'],
    ['a record that is too large', protocol('MESSAGE_TOO_LARGE'), 'EVENT_TOO_LARGE'],
    ['a batch that is too large', wrapped(protocol('RECORD_LIST_TOO_LARGE')), 'EVENT_TOO_LARGE'],
    ['a missing permission', protocol('TOPIC_AUTHORIZATION_FAILED'), 'CONFIG_INVALID'],
    [
      'a permission missing in an aggregate',
      Object.assign(new Error('topics'), { errors: [protocol('POLICY_VIOLATION')] }),
      'CONFIG_INVALID',
    ],
    [
      'a policy that forbids it for one of several partitions',
      Object.assign(new Error('records'), { partitions: [{ partition: 0, error: protocol('POLICY_VIOLATION') }] }),
      'CONFIG_INVALID',
    ],
    ['wrong credentials', Object.assign(new Error('no'), { name: 'KafkaJSSASLAuthenticationError' }), 'CONFIG_INVALID'],
    [
      'a certificate that is not trusted, which was tried again and again',
      new KafkaJSNumberOfRetriesExceeded(new KafkaJSConnectionError('Connection error', { code: 'SELF_SIGNED_CERT_IN_CHAIN' }), {
        retryCount: 3,
        retryTime: 1,
      }),
      'CONFIG_INVALID',
    ],
    [
      'a coordinator that nobody finds',
      Object.assign(new Error('Failed to find group coordinator'), { name: 'KafkaJSGroupCoordinatorNotFound' }),
      'BROKER_UNAVAILABLE',
    ],
    ['a fault of the program', new TypeError('x is not a function'), 'STAGE_FAILED'],
    ['any other error', new Error('odd'), 'BROKER_UNAVAILABLE'],
    ['a cycle of causes', cyclic, 'BROKER_UNAVAILABLE'],
    ['a string', 'odd', 'BROKER_UNAVAILABLE'],
    ['undefined', undefined, 'BROKER_UNAVAILABLE'],
    ['null', null, 'BROKER_UNAVAILABLE'],
  ])('maps %s', (_, error, code) => {
    const mapped = toBrokerError(error, 'producing');
    expect(mapped).toBeInstanceOf(LabelstreamError);
    expect(mapped.code).toBe(code);
    expect(mapped.message).toMatch(/^producing: /);
    if (error !== undefined) expect(mapped.cause).toBe(error);
  });

  it.each([
    ['a right', protocol('TOPIC_AUTHORIZATION_FAILED'), /lacks a right on the topic/],
    [
      'a right to one topic of several',
      Object.assign(protocol('TOPIC_AUTHORIZATION_FAILED'), { topic: 'shop.labels' }),
      /\(shop\.labels: the user/,
    ],
    [
      'a right to a group, which kafkajs does not say',
      Object.assign(new Error('no'), { name: 'KafkaJSGroupCoordinatorNotFound' }),
      /lacks Read on the consumer group/,
    ],
    ['credentials', Object.assign(new Error('no'), { name: 'KafkaJSSASLAuthenticationError' }), /see KAFKA_SASL_MECHANISM/],
    ['trust', new KafkaJSConnectionError('no', { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }), /KAFKA_SSL_CA_FILE/],
  ])('says what to do where %s is missing', (_, error, advice) => {
    expect(toBrokerError(error, 'producing').message).toMatch(advice);
  });

  it('leaves what is mapped already as it is', () => {
    const error = new LabelstreamError('BROKER_FENCED', 'x');
    expect(toBrokerError(error, 'producing')).toBe(error);
  });

  it('tells what is to be waited for or ignored', () => {
    expect(isLostMembership(wrapped(protocol('ILLEGAL_GENERATION')))).toBe(true);
    expect(isLostMembership(protocol('MESSAGE_TOO_LARGE'))).toBe(false);
    expect(isConcurrentTransaction(protocol('CONCURRENT_TRANSACTIONS'))).toBe(true);
    expect(isConcurrentTransaction(null)).toBe(false);
    expect(isTopicAlreadyThere(Object.assign(new Error('topics'), { errors: [protocol('TOPIC_ALREADY_EXISTS')] }))).toBe(true);
  });
});

describe('errors of the admin client', () => {
  it('is waited for when it stumbles over metadata that it has not got while Kafka is away', () => {
    const stumble = new TypeError("Cannot destructure property 'topicMetadata' of '(intermediate value)' as it is null.");
    expect(toBrokerError(stumble, 'writing')).toMatchObject({ code: 'STAGE_FAILED', retriable: false });
    expect(toAdminError(stumble, 'reading positions')).toMatchObject({ code: 'BROKER_UNAVAILABLE', retriable: true, cause: stumble });
  });

  it('means what it means elsewhere otherwise', () => {
    expect(toAdminError(protocol('TOPIC_AUTHORIZATION_FAILED'), 'reading')).toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
