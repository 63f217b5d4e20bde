import type { FusionModel } from '@labelstream/shared/model/fusion-model';
import type { Codecs } from '@labelstream/shared/ports/codec';
import { receive, receivedOf, weave } from '@labelstream/shared/stream/received';
import type { Stage } from '@labelstream/shared/stream/stage';
import { type ConcludeDeps, conclude } from './conclude.js';
import type { FusionMetrics } from './metrics.js';
import { fetchSequences, type SequenceDeps } from './sequences.js';
import { type SuggestDeps, suggestTitles } from './suggest.js';

export interface FusionDeps extends SequenceDeps, ConcludeDeps, SuggestDeps {
  readonly metrics: FusionMetrics;
  readonly model: Pick<FusionModel, 'fuse'>;
  readonly codecs: Pick<Codecs, 'encoded' | 'predicted'>;
}

/** `listings.encoded` → `listings.predicted`: token sequences in, calibrated decisions out. */
export function createFusionStage(deps: FusionDeps): Stage {
  return {
    name: 'fusion',
    input: 'encoded',
    delivery: 'at-least-once',
    process: async (batch) => {
      const items = await receive(batch, deps.codecs.encoded);
      const received = receivedOf(items);
      const resolved = await fetchSequences(received, deps);
      const predictions = await deps.model.fuse(resolved.map((each) => (each.kind === 'input' ? each.input : {})));
      const answers = await suggestTitles(received, resolved, predictions, deps);
      return weave(
        items,
        received.map((item, at) => conclude(item, resolved[at] ?? { kind: 'nothing' }, answers[at], deps)),
      );
    },
  };
}
