import type { Lane } from './lane.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** How a topic is created. */
export interface TopicSpec {
  /** Name without prefix and lane suffix. */
  readonly name: string;
  /** Whether the topic also exists as `<name>.backfill`. */
  readonly laned: boolean;
  readonly cleanup: 'delete' | 'compact';
  /** Set for `delete` topics only. */
  readonly retentionMs?: number;
}

/** The one topic map: what exists, who reads it next, how long it is kept (DESIGN, "Topics"). Keys are always the product id. */
export const TOPICS = {
  events: { name: 'product.events', laned: true, cleanup: 'delete', retentionMs: 7 * DAY_MS },
  prepared: { name: 'listings.prepared', laned: true, cleanup: 'delete', retentionMs: DAY_MS },
  encoded: { name: 'listings.encoded', laned: true, cleanup: 'delete', retentionMs: DAY_MS },
  predicted: { name: 'listings.predicted', laned: true, cleanup: 'delete', retentionMs: DAY_MS },
  labels: { name: 'product.labels', laned: false, cleanup: 'compact' },
  embeddings: { name: 'product.embeddings', laned: false, cleanup: 'compact' },
} as const satisfies Record<string, TopicSpec>;

/** A topic that exists in both lanes. */
export type LanedTopic = 'events' | 'prepared' | 'encoded' | 'predicted';
/** Any topic of the map. */
export type TopicKey = keyof typeof TOPICS;

const DEAD_LETTER_SUFFIX = '.dlq';
const BACKFILL_SUFFIX = '.backfill';

/** Topic names under one prefix. */
export interface TopicNames {
  /** The name of a topic in a lane; label topics have no lane. */
  of(topic: TopicKey, lane?: Lane): string;
  /** The optional label topic of one task. */
  task(task: string): string;
  /** The dead-letter topic of an input topic, both lanes sharing one. */
  deadLetters(topic: LanedTopic): string;
  /** Every topic to create, with its cleanup settings. */
  all(options?: { tasks?: readonly string[]; embeddings?: boolean }): { topic: string; spec: TopicSpec }[];
}

/** Builds the topic names of a deployment. `prefix` is put before every name as it is, for example `shop-a.`. */
export function topicNames(prefix = ''): TopicNames {
  const of = (topic: TopicKey, lane: Lane = 'live') =>
    `${prefix}${TOPICS[topic].name}${TOPICS[topic].laned && lane === 'backfill' ? BACKFILL_SUFFIX : ''}`;
  const task = (name: string) => `${of('labels')}.${name}`;
  const deadLetters = (topic: LanedTopic) => `${of(topic)}${DEAD_LETTER_SUFFIX}`;
  const laned: LanedTopic[] = ['events', 'prepared', 'encoded', 'predicted'];
  return {
    of,
    task,
    deadLetters,
    all: ({ tasks = [], embeddings = false } = {}) => [
      ...laned.flatMap((topic) => [
        { topic: of(topic, 'live'), spec: TOPICS[topic] },
        { topic: of(topic, 'backfill'), spec: TOPICS[topic] },
        {
          topic: deadLetters(topic),
          spec: { name: `${TOPICS[topic].name}${DEAD_LETTER_SUFFIX}`, laned: false, cleanup: 'delete' as const, retentionMs: 30 * DAY_MS },
        },
      ]),
      { topic: of('labels'), spec: TOPICS.labels },
      ...(embeddings ? [{ topic: of('embeddings'), spec: TOPICS.embeddings }] : []),
      ...tasks.map((name) => ({ topic: task(name), spec: { ...TOPICS.labels, name: `${TOPICS.labels.name}.${name}` } })),
    ],
  };
}
