import type { Codecs } from '@labelstream/shared/ports/codec';
import { receive, receivedOf, weave } from '@labelstream/shared/stream/received';
import type { Stage } from '@labelstream/shared/stream/stage';
import { type ConcludeDeps, conclude } from './conclude.js';
import { type FuseDeps, fuse, modelOf } from './fuse.js';
import type { FusionMetrics } from './metrics.js';
import { fetchSequences, type SequenceDeps } from './sequences.js';
import type { Follower } from './serving/follow.js';
import type { ServingSwitch } from './serving/switch.js';
import { type SuggestDeps, suggestTitles } from './suggest.js';

export interface FusionDeps extends SequenceDeps, FuseDeps, ConcludeDeps, SuggestDeps {
  readonly metrics: FusionMetrics;
  /** What is to be served; looked at before each micro-batch. */
  readonly follower: Pick<Follower, 'glance'>;
  /** The heads, which stay the same from the beginning of a micro-batch to its end. */
  readonly heads: Pick<ServingSwitch, 'during'>;
  readonly codecs: Pick<Codecs, 'encoded' | 'predicted'>;
}

/** `listings.encoded` → `listings.predicted`: token sequences in, calibrated decisions out. */
export function createFusionStage(deps: FusionDeps): Stage {
  return {
    name: 'fusion',
    input: 'encoded',
    delivery: 'at-least-once',
    process: async (batch) => {
      await deps.follower.glance();
      return deps.heads.during(async (held) => {
        const items = await receive(batch, deps.codecs.encoded);
        const received = receivedOf(items);
        const resolved = await fetchSequences(received, deps);
        const predictions = await fuse(received, resolved, held, deps);
        const answers = await suggestTitles(received, resolved, predictions, deps);
        return weave(
          items,
          received.map((item, at) => {
            const model = modelOf(item.record.productId, held, deps);
            return conclude(item, { resolved: resolved[at] ?? { kind: 'nothing' }, prediction: answers[at], model }, deps);
          }),
        );
      });
    },
  };
}
