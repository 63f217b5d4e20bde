import { readConfig } from '@labelstream/shared/config';
import type { Claim } from '@labelstream/shared/ports/key-value';
import type { Service, ServiceContext } from '@labelstream/shared/service/service';
import { createSendBack } from '@labelstream/shared/stream/send-back';
import { sinkSettings } from './config.js';
import { createSinkMetrics } from './metrics.js';
import { createPublishedStore } from './published-store.js';
import { rebuildPublishedState } from './rebuild.js';
import { createRecordFactory, type PublishOptions } from './records.js';
import { createSinkStage } from './stage.js';

/** Rounds of a listing that the sink leaves to the stages before it, whose claim checks may vanish: without any it would be a dead letter. */
const LEFT_FOR_CLAIM_CHECKS = 2;

/** The sink service: publishes what changed, once and in order. */
export const sinkService: Service = {
  name: 'sink',
  async create({ broker, codecs, log, metrics: registry, state, topicPrefix, topics }, env) {
    const settings = readConfig(sinkSettings, env);
    const metrics = createSinkMetrics(registry);
    const rebuild = async (partition: number, claim: Claim) => {
      const products = await rebuildPublishedState({
        broker,
        labels: codecs.labels,
        state,
        labelTopic: topics.of('labels'),
        prefix: topicPrefix,
        partition,
        partitions: (await broker.describe([topics.of('predicted')])).length,
        claim,
      });
      metrics.rebuilt();
      log.info({ partition, products }, 'published state rebuilt from the label topic');
    };
    const options = { taskTopics: settings.TASK_TOPICS, embeddings: settings.EMBEDDINGS_TOPIC };
    await ensureOptionalTopics({ broker, topics }, options);
    const stage = createSinkStage({
      codec: codecs.predicted,
      published: createPublishedStore({ state, prefix: topicPrefix, rebuild }),
      sendBack: createSendBack({ topics, codec: codecs.productEvent, limit: settings.REQUEUE_LIMIT }),
      requeueLimit: settings.REQUEUE_LIMIT - LEFT_FOR_CLAIM_CHECKS,
      records: createRecordFactory({ topics, codecs, options, now: Date.now }),
      metrics,
      now: Date.now,
    });
    return { stage, close: async () => {} };
  },
};

/** Creates the optional topics with as many partitions as the label topic has, so that a product is in the same partition of all. */
async function ensureOptionalTopics({ broker, topics }: Pick<ServiceContext, 'broker' | 'topics'>, options: PublishOptions): Promise<void> {
  const partitions = (await broker.describe([topics.of('labels')])).length;
  await broker.ensureTopics(topics.all({ tasks: options.taskTopics, embeddings: options.embeddings }), { partitions });
}
