import { LANES } from '@labelstream/shared/events/lane';
import type { Pipeline } from '../../pipeline/pipeline.js';

/** Topics whose records are weighed. */
const WEIGHED = ['events', 'prepared', 'encoded', 'predicted', 'labels'] as const;
export type WeighedTopic = (typeof WEIGHED)[number];

/** Mean bytes of a record, key and value, as handed to Kafka. */
export type RecordSizes = Readonly<Record<WeighedTopic, number>>;

/** Weighs the records that a run has left in the topics. */
export async function weighRecords({ broker, topics }: Pick<Pipeline, 'broker' | 'topics'>): Promise<RecordSizes> {
  const weighed = await Promise.all(WEIGHED.map(async (name) => [name, await meanOf(broker, namesOf(topics, name))] as const));
  return Object.fromEntries(weighed) as Record<WeighedTopic, number>;
}

const namesOf = (topics: Pipeline['topics'], name: WeighedTopic) =>
  name === 'labels' ? [topics.of('labels')] : LANES.map((lane) => topics.of(name, lane));

async function meanOf(broker: Pipeline['broker'], names: readonly string[]): Promise<number> {
  let bytes = 0;
  let records = 0;
  for (const topic of names) {
    for await (const { key, value } of broker.read({ topic })) {
      bytes += Buffer.byteLength(key ?? '') + (value?.length ?? 0);
      records += 1;
    }
  }
  return records === 0 ? 0 : Math.round(bytes / records);
}
