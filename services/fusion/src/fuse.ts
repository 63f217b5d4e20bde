import type { EncodedListing, ModelRef } from '@labelstream/shared/events/records';
import type { FusionInput, Prediction } from '@labelstream/shared/model/fusion-model';
import type { Received } from '@labelstream/shared/stream/received';
import type { FusionMetrics } from './metrics.js';
import type { Resolved } from './sequences.js';
import type { ShadowWatch } from './serving/shadow.js';
import type { Held } from './serving/switch.js';

export interface FuseDeps {
  readonly encoderId: string;
  readonly shadow: Pick<ShadowWatch, 'observe'>;
  readonly metrics: Pick<FusionMetrics, 'labelledBy'>;
}

/** The model that labels a product, also where there is nothing to label. */
export function modelOf(productId: string, held: Held, { encoderId }: Pick<FuseDeps, 'encoderId'>): ModelRef {
  const { head, generation } = held.headOf(productId);
  return { encoder: encoderId, fusion: head.id, generation };
}

/**
 * Each listing through the head of its product, one prediction per listing; undefined where there is nothing to label or no finite answer.
 * What the active head labels is shown to the shadow as well.
 */
export async function fuse(
  received: readonly Received<EncodedListing>[],
  resolved: readonly Resolved[],
  held: Held,
  { shadow, metrics }: Pick<FuseDeps, 'shadow' | 'metrics'>,
): Promise<readonly (Prediction | undefined)[]> {
  const inputs = resolved.map((each): FusionInput => (each.kind === 'input' ? each.input : {}));
  const isCanary = received.map(({ record }) => held.headOf(record.productId).head !== held.active);
  const [byActive, byCanary] = await Promise.all([
    held.active.model.fuse(inputs.map((input, at) => (isCanary[at] ? {} : input))),
    held.canary === undefined ? [] : held.canary.model.fuse(inputs.map((input, at) => (isCanary[at] ? input : {}))),
  ]);
  const predictions = inputs.map((_, at) => (isCanary[at] ? byCanary[at] : byActive[at]));
  const labelled = received.flatMap(({ record: { productId, version } }, at) => {
    const [prediction, input] = [predictions[at], inputs[at]];
    if (prediction === undefined || input === undefined) return [];
    metrics.labelledBy(isCanary[at] ? 'canary' : 'active');
    return isCanary[at] ? [] : [{ productId, version, input, prediction }];
  });
  shadow.observe(held, labelled);
  return predictions;
}
