import type { EncodedListing, ModelRef, PredictedListing } from '@labelstream/shared/events/records';
import type { TopicNames } from '@labelstream/shared/events/topics';
import type { Codecs } from '@labelstream/shared/ports/codec';
import { deadLetter, emit, type Outcome } from '@labelstream/shared/stream/outcome';
import type { Received } from '@labelstream/shared/stream/received';
import type { SendBack } from '@labelstream/shared/stream/send-back';
import type { FusionMetrics } from './metrics.js';
import type { ChosenImage, Resolved } from './sequences.js';
import type { Answer } from './suggest.js';

export interface ConcludeDeps {
  readonly codecs: Pick<Codecs, 'predicted'>;
  readonly topics: TopicNames;
  readonly sendBack: SendBack;
  readonly metrics: FusionMetrics;
}

/** What the head said, or had nothing to say to: a deleted listing, or one whose only modality is still to come. */
type Result = Pick<PredictedListing, 'labels' | 'embedding' | 'imageTextMatch' | 'mismatched' | 'suggestedTitle'>;
const NOTHING: Result = { labels: [], mismatched: false, embedding: [] };

/** What is known of a listing at the end. */
export interface Findings {
  readonly resolved: Resolved;
  /** Undefined where the head gave no finite answer. */
  readonly prediction: Answer | undefined;
  /** The model that labels the product. */
  readonly model: ModelRef;
}

/** The outcome of one listing. */
export function conclude(item: Received<EncodedListing>, { resolved, prediction, model }: Findings, deps: ConcludeDeps): Outcome {
  if (resolved.kind === 'nothing') return predicted(item, { ...NOTHING, model }, undefined, deps);
  if (resolved.kind === 'vanished') return goBack(item, resolved.what, deps);
  if (resolved.lost !== undefined) {
    const back = goBack(item, resolved.lost, deps);
    // It can do without: only a listing that has lost what it needs is given up.
    if (back.kind !== 'deadLetter') return back;
  }
  if (prediction === undefined) {
    deps.metrics.notFinite();
    return deadLetter('STAGE_FAILED', 'the model gave no finite scores');
  }
  const { image } = resolved;
  deps.metrics.decided(prediction.labels);
  deps.metrics.matched({ mismatched: prediction.mismatched, reordered: image?.preferred ?? false });
  return predicted(item, { ...prediction, embedding: Array.from(prediction.embedding), model }, image, deps);
}

function goBack({ record, pass }: Received<EncodedListing>, what: string, { metrics, sendBack }: ConcludeDeps): Outcome {
  const outcome = sendBack(record, pass, what);
  metrics.sentBack();
  return outcome;
}

function predicted(
  { record, passHeaders }: Received<EncodedListing>,
  result: Result & Pick<PredictedListing, 'model'>,
  image: ChosenImage | undefined,
  deps: ConcludeDeps,
): Outcome {
  const { encoderId: _, candidates: __, imageIndex: ___, ...carried } = record;
  const chosen = image && {
    image: { ...record.image, sha256: image.sha256 },
    ...(image.index === undefined ? {} : { imageIndex: image.index }),
  };
  const value = deps.codecs.predicted.encode({ ...carried, ...chosen, ...result });
  return emit([{ topic: deps.topics.of('predicted', record.lane), key: record.productId, value, headers: passHeaders }]);
}
