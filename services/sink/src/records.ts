import type { PredictedListing, ProductLabels, TaskLabel } from '@labelstream/shared/events/records';
import type { TopicNames } from '@labelstream/shared/events/topics';
import type { Codecs } from '@labelstream/shared/ports/codec';
import type { OutRecord } from '@labelstream/shared/stream/outcome';

/** Which optional topics are written besides `product.labels`. */
export interface PublishOptions {
  /** Tasks that have a topic of their own. */
  readonly taskTopics: readonly string[];
  readonly embeddings: boolean;
}

/** Header of a tombstone: the version that was deleted, so that the published state can be rebuilt from the topic alone. */
export const VERSION_HEADER = 'labelstream-version';

export interface RecordFactoryDeps {
  readonly topics: TopicNames;
  readonly codecs: Pick<Codecs, 'labels' | 'taskLabel' | 'embedding'>;
  readonly options: PublishOptions;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Builds what is written for a decision. */
export interface RecordFactory {
  /** One `ProductLabels`; with the options also the changed tasks' own topics and the embedding. */
  labels(record: PredictedListing, changedTasks: readonly string[]): OutRecord[];
  /** A tombstone in every topic that the product may stand in. */
  tombstones(record: PredictedListing, tasks: readonly string[]): OutRecord[];
}

export function createRecordFactory({ topics, codecs, options, now }: RecordFactoryDeps): RecordFactory {
  const labels = (record: PredictedListing, changedTasks: readonly string[]): OutRecord[] => {
    const labelledAt = now();
    const key = record.productId;
    const common = { productId: key, version: record.version, revision: record.revision, model: record.model, labelledAt };
    const whole: ProductLabels = {
      ...common,
      labels: record.labels,
      image: record.image.state,
      text: record.text.state,
      ...(record.imageTextMatch === undefined ? {} : { imageTextMatch: record.imageTextMatch }),
      mismatched: record.mismatched,
      ...(record.imageIndex === undefined ? {} : { imageIndex: record.imageIndex }),
      ...(record.suggestedTitle === undefined ? {} : { suggestedTitle: record.suggestedTitle }),
      changedTasks,
      lane: record.lane,
      occurredAt: record.occurredAt,
      receivedAt: record.receivedAt,
    };
    const perTask = record.labels
      .filter(({ task }) => options.taskTopics.includes(task) && changedTasks.includes(task))
      .map((label): OutRecord => {
        const value: TaskLabel = { ...common, ...label };
        return { topic: topics.task(label.task), key, value: codecs.taskLabel.encode(value) };
      });
    const embedding = options.embeddings
      ? [{ topic: topics.of('embeddings'), key, value: codecs.embedding.encode({ ...common, embedding: record.embedding }) }]
      : [];
    return [{ topic: topics.of('labels'), key, value: codecs.labels.encode(whole) }, ...perTask, ...embedding];
  };

  const tombstones = (record: PredictedListing, tasks: readonly string[]): OutRecord[] =>
    [
      topics.of('labels'),
      ...tasks.filter((task) => options.taskTopics.includes(task)).map((task) => topics.task(task)),
      ...(options.embeddings ? [topics.of('embeddings')] : []),
    ].map((topic) => ({ topic, key: record.productId, value: null, headers: { [VERSION_HEADER]: String(record.version) } }));

  return { labels, tombstones };
}
