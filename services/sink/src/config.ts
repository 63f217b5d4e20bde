import { setting } from '@labelstream/shared/config';
import { modelSettings } from '@labelstream/shared/model/settings';
import { z } from 'zod';

/** Settings of the sink alone. */
export const sinkSettings = z.object({
  TASK_TOPICS: setting
    .list()
    .default([])
    .describe('Tasks, separated by commas, that are also written to a topic of their own, `product.labels.<task>`; absent: none.'),
  EMBEDDINGS_TOPIC: setting
    .flag()
    .default(false)
    .describe('Whether the fused embedding of each listing is written to `product.embeddings`.'),
  REQUEUE_LIMIT: modelSettings.shape.REQUEUE_LIMIT.describe(
    'How often a listing is prepared again, at most. A newer version that an older model has labelled is sent back two times less than that, and then published as it is.',
  ),
});
