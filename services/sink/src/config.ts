import { flag } from '@labelstream/shared/config';
import { z } from 'zod';

/** Settings of the sink alone. */
export const sinkSettings = z.object({
  TASK_TOPICS: flag(false).describe('Also write each task to its own topic product.labels.<task>.'),
  EMBEDDINGS_TOPIC: flag(false).describe('Also write the fused embedding of each listing to product.embeddings.'),
});
