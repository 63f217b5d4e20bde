import type { EncodedListing, ModelRef, PredictedListing } from '@labelstream/shared/events/records';
import type { TopicNames } from '@labelstream/shared/events/topics';
import type { Prediction } from '@labelstream/shared/model/fusion-model';
import type { Codecs } from '@labelstream/shared/ports/codec';
import { deadLetter, emit, type Outcome } from '@labelstream/shared/stream/outcome';
import type { Received } from '@labelstream/shared/stream/received';
import type { SendBack } from '@labelstream/shared/stream/send-back';
import type { FusionMetrics } from './metrics.js';
import type { Resolved } from './sequences.js';

export interface ConcludeDeps {
  readonly modelRef: ModelRef;
  readonly codecs: Pick<Codecs, 'predicted'>;
  readonly topics: TopicNames;
  readonly sendBack: SendBack;
  readonly metrics: FusionMetrics;
}

/** What the head said, or had nothing to say to: a deleted listing, or one whose only modality is still to come. */
type Result = Pick<PredictedListing, 'labels' | 'embedding' | 'imageTextMatch'>;
const NOTHING: Result = { labels: [], embedding: [] };

/** The outcome of one listing. `prediction` is undefined where the head gave no finite answer. */
export function conclude(
  item: Received<EncodedListing>,
  resolved: Resolved,
  prediction: Prediction | undefined,
  deps: ConcludeDeps,
): Outcome {
  const { record, pass } = item;
  if (resolved.kind === 'nothing') return predicted(item, NOTHING, deps);
  if (resolved.kind === 'vanished') {
    deps.metrics.sentBack();
    return deps.sendBack(record, pass, resolved.what);
  }
  if (prediction === undefined) {
    deps.metrics.notFinite();
    return deadLetter('STAGE_FAILED', 'the model gave no finite scores');
  }
  deps.metrics.decided(prediction.labels);
  return predicted(item, { ...prediction, embedding: Array.from(prediction.embedding) }, deps);
}

function predicted({ record, passHeaders }: Received<EncodedListing>, result: Result, deps: ConcludeDeps): Outcome {
  const { encoderId: _, ...carried } = record;
  const value = deps.codecs.predicted.encode({ ...carried, ...result, model: deps.modelRef });
  return emit([{ topic: deps.topics.of('predicted', record.lane), key: record.productId, value, headers: passHeaders }]);
}
