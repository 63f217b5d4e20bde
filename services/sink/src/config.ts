import { setting } from '@labelstream/shared/config';
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
});
