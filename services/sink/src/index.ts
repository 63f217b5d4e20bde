import { readConfig } from '@labelstream/shared/config';
import type { Service } from '@labelstream/shared/service/service';
import { sinkSettings } from './config.js';
import { createSinkMetrics } from './metrics.js';
import { createPublishedStore } from './published-store.js';
import { rebuildPublishedState } from './rebuild.js';
import { createRecordFactory } from './records.js';
import { createSinkStage } from './stage.js';

/** The sink service: publishes what changed, once and in order. */
export const sinkService: Service = {
  name: 'sink',
  async create({ broker, codecs, log, metrics: registry, state, topicPrefix, topics }, env) {
    const settings = readConfig(sinkSettings, env);
    const metrics = createSinkMetrics(registry);
    const rebuild = async () => {
      const products = await rebuildPublishedState({
        broker,
        labels: codecs.labels,
        state,
        labelTopic: topics.of('labels'),
        prefix: topicPrefix,
      });
      metrics.rebuilt();
      log.info({ products }, 'published state rebuilt from the label topic');
    };
    const options = { taskTopics: settings.TASK_TOPICS, embeddings: settings.EMBEDDINGS_TOPIC };
    const stage = createSinkStage({
      codec: codecs.predicted,
      published: createPublishedStore({ state, prefix: topicPrefix, rebuild }),
      records: createRecordFactory({ topics, codecs, options, now: Date.now }),
      metrics,
      now: Date.now,
    });
    return { stage, close: async () => {} };
  },
};
