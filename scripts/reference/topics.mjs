import { code, table } from './table.mjs';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Record type of each topic, by its key in the topic map. */
const RECORDS = {
  events: 'ProductEvent',
  prepared: 'PreparedListing',
  encoded: 'EncodedListing',
  predicted: 'PredictedListing',
  labels: 'ProductLabels',
  embeddings: 'ProductEmbedding',
};

/** What each header of a dead letter says. */
const HEADERS = {
  code: '[error code](errors.md)',
  detail: 'what was wrong, in words',
  stage: 'stage that gave the message up',
  topic: 'topic from which the message came',
  partition: 'its partition there',
  offset: 'its offset there',
  lane: 'its lane',
  timestamp: 'its timestamp, epoch milliseconds',
  omittedBytes: 'size of a value that was too large to be written once more; otherwise absent',
};

const REPLAY_MEANING = {
  replays: 'on a message that was sent again, on all that is made from it, and on its dead letter should it fail again: how often that was',
  replayed: 'on a marker: `<partition>-<offset>` of the dead letter that was replayed',
};

function cleanupOf({ cleanup, retentionMs }) {
  if (cleanup === 'compact') return 'compact';
  const days = retentionMs / DAY_MS;
  return `delete, ${days} ${days === 1 ? 'day' : 'days'}`;
}

function headerRows(headers, meanings) {
  return Object.entries(headers).map(([what, name]) => {
    if (meanings[what] === undefined) throw new Error(`the header "${name}" has no description in scripts/reference/topics.mjs`);
    return [code(name), meanings[what]];
  });
}

const record = (name) => `[${name}](schemas.md#${name.toLowerCase()})`;

/** Every topic, from the topic map in code. */
export async function topicsReference({ load }) {
  const { TOPICS, topicNames } = await load('packages/shared', 'events/topics');
  const { DEAD_LETTER_HEADERS, REPLAY_HEADERS } = await load('packages/shared', 'stream/dead-letter');
  const names = topicNames();
  const specs = new Map(names.all({ tasks: ['<task>'], embeddings: true }).map(({ topic, spec }) => [topic, spec]));
  const row = (topic, value, note = '') => [code(topic), value, cleanupOf(specs.get(topic)), note];
  const rows = Object.entries(TOPICS).flatMap(([key, { name, laned }]) => [
    row(name, record(RECORDS[key]), key === 'embeddings' ? 'optional: EMBEDDINGS_TOPIC' : ''),
    ...(laned
      ? [
          row(names.of(key, 'backfill'), record(RECORDS[key]), 'backfill lane'),
          row(names.deadLetters(key), 'the original bytes', 'both lanes'),
        ]
      : []),
    ...(key === 'labels' ? [row(names.task('<task>'), record('TaskLabel'), 'optional: TASK_TOPICS')] : []),
  ]);
  return `# Topics

All names get the prefix \`TOPIC_PREFIX\`. Keys are always the product id, so all events of a product stay in order. The live lane goes
first; the backfill lane gets what it leaves.

${table(['topic', 'value', 'cleanup', 'note'], rows)}

## Headers of dead letters

Beside the message's own headers:

${table(['header', 'meaning'], headerRows(DEAD_LETTER_HEADERS, HEADERS))}

\`labelstream dlq replay\` sends dead letters again. That it did is remembered by a marker in the dead-letter topic itself: the same key, no
value, and none of the headers above. Whoever reads these topics passes over markers.

${table(['header', 'meaning'], headerRows(REPLAY_HEADERS, REPLAY_MEANING))}
`;
}
