import { type ErrorCode, LabelstreamError } from '../../errors.js';
import { tlsAdvice } from '../common/tls.js';

/** A newer producer with the same transactional id took over, or the coordinator gave up on a transaction that took too long. */
const FENCED_TYPES = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED']);
/** kafkajs 2.2.4 has no name for PRODUCER_FENCED (KIP-588). */
const FENCED_MESSAGE = /Unknown error code 90\b/;

const TOO_LARGE_TYPES = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

/** What Kafka's answer means in its ACLs (docs/security.md lists all that the services need). */
const PERMISSIONS: Readonly<Record<string, string>> = {
  TOPIC_AUTHORIZATION_FAILED: 'the user lacks a right on the topic: Read or Write, with Describe, and Create where it does not exist yet',
  GROUP_AUTHORIZATION_FAILED: 'the user lacks Read on the consumer group',
  CLUSTER_AUTHORIZATION_FAILED: 'the user lacks a right on the cluster: Create, or IdempotentWrite with brokers before 3.0',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'the user lacks Write and Describe on the transactional id',
};

/** Waiting does not help: somebody has to change a setting or a permission. */
const SETTING_TYPES = new Set([
  ...Object.keys(PERMISSIONS),
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'ILLEGAL_SASL_STATE',
  'SECURITY_DISABLED',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_GROUP_ID',
  'INVALID_SESSION_TIMEOUT',
  'INVALID_TRANSACTION_TIMEOUT',
  'INCONSISTENT_GROUP_PROTOCOL',
  'INVALID_PARTITIONS',
  'INVALID_REPLICATION_FACTOR',
  'INVALID_CONFIG',
  'POLICY_VIOLATION',
  'UNSUPPORTED_VERSION',
]);
const SETTING_NAMES = new Set(['KafkaJSSASLAuthenticationError', 'KafkaJSServerDoesNotSupportApiKey', 'KafkaJSNotImplemented']);

/** Faults of a program, thrown on this very input. */
const PROGRAM_NAMES = new Set(['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError']);

/** The membership that a request was made for is over. */
const LOST_MEMBERSHIP_TYPES = new Set(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'REBALANCE_IN_PROGRESS', 'FENCED_INSTANCE_ID']);

interface Facts {
  readonly name: string;
  readonly type: string;
  readonly message: string;
  /** Of a connection error: Node's. */
  readonly code: string;
  /** Of an error about one topic of several. */
  readonly topic: string;
}

const firstOf = (list: unknown): unknown[] => (Array.isArray(list) ? list.slice(0, 8) : []);
const text = (value: unknown) => (typeof value === 'string' ? value : '');

/** The error, what it wraps, and the members of an aggregate (or of one about several partitions); bounded, so that a cycle does no harm. */
function chain(error: unknown, depth = 0): Facts[] {
  if (typeof error !== 'object' || error === null || depth > 8) return [];
  const { name, type, message, code, topic, cause, errors, partitions } = error as Record<string, unknown>;
  const members = [...firstOf(errors), ...firstOf(partitions).map((partition) => (partition as { error?: unknown } | null)?.error)];
  return [
    { name: text(name), type: text(type), message: text(message), code: text(code), topic: text(topic) },
    ...[cause, ...members].flatMap((inner) => chain(inner, depth + 1)),
  ];
}

function codeOf(facts: readonly Facts[]): ErrorCode {
  if (facts.some(({ type, message }) => FENCED_TYPES.has(type) || FENCED_MESSAGE.test(message))) return 'BROKER_FENCED';
  if (facts.some(({ type }) => TOO_LARGE_TYPES.has(type))) return 'EVENT_TOO_LARGE';
  if (facts.some(({ type, name }) => SETTING_TYPES.has(type) || SETTING_NAMES.has(name))) return 'CONFIG_INVALID';
  if (facts.some(({ code }) => tlsAdvice(code, 'KAFKA_SSL') !== undefined)) return 'CONFIG_INVALID';
  if (facts.some(({ name }) => PROGRAM_NAMES.has(name))) return 'STAGE_FAILED';
  return 'BROKER_UNAVAILABLE';
}

/** What somebody has to do about it, where that is known; empty otherwise. */
function adviceOf(facts: readonly Facts[]): string {
  const advice = facts.flatMap(({ code, type, topic, name }) => {
    if (name === 'KafkaJSSASLAuthenticationError') return ['see KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD'];
    // All that kafkajs says also where Kafka has refused, so it has to be waited for.
    if (name === 'KafkaJSGroupCoordinatorNotFound')
      return ['if Kafka is up, the user lacks Read on the consumer group, or Write on the transactional id'];
    const found = PERMISSIONS[type] ?? tlsAdvice(code, 'KAFKA_SSL');
    return found === undefined ? [] : [topic === '' ? found : `${topic}: ${found}`];
  });
  return advice.length === 0 ? '' : ` (${[...new Set(advice)].join('; ')})`;
}

/**
 * Maps anything that kafkajs throws; total. What is unknown counts as the broker being unavailable, so it is waited for and shown, never
 * swallowed. `doing` says what was tried, for the message.
 */
export function toBrokerError(error: unknown, doing: string): LabelstreamError {
  if (error instanceof LabelstreamError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const facts = chain(error);
  return new LabelstreamError(codeOf(facts), `${doing}: ${message}${adviceOf(facts)}`, { cause: error });
}

/**
 * As {@link toBrokerError}, for the admin client: while Kafka is away it stumbles over its own missing metadata with a TypeError. What is asked
 * of it never depends on a message, so that is no fault of the input either.
 */
export function toAdminError(error: unknown, doing: string): LabelstreamError {
  if (!(error instanceof TypeError)) return toBrokerError(error, doing);
  return new LabelstreamError('BROKER_UNAVAILABLE', `${doing}: the cluster is not known`, { cause: error });
}

/** Whether `error` says that the member belongs to its group no longer, or not in this generation. */
export const isLostMembership = (error: unknown): boolean => chain(error).some(({ type }) => LOST_MEMBERSHIP_TYPES.has(type));

/** Whether the previous transaction of a producer is still being written down. */
export const isConcurrentTransaction = (error: unknown): boolean => chain(error).some(({ type }) => type === 'CONCURRENT_TRANSACTIONS');

/** Whether a topic was there already when it was to be created. */
export const isTopicAlreadyThere = (error: unknown): boolean => chain(error).some(({ type }) => type === 'TOPIC_ALREADY_EXISTS');

/** What a broker answers about a partition that it has just been given, or not yet. */
const NOT_SERVED_TYPES = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE', 'NOT_LEADER_FOR_PARTITION']);

/** Whether no broker answers for a partition, or not yet. */
export const isNotServedYet = (error: unknown): boolean => chain(error).some(({ type }) => NOT_SERVED_TYPES.has(type));
