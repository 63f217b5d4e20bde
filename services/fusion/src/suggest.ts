import { isLabelstreamError } from '@labelstream/shared/errors';
import type { EncodedListing, SuggestedTitle } from '@labelstream/shared/events/records';
import type { CaptionModel } from '@labelstream/shared/model/caption-model';
import type { Prediction } from '@labelstream/shared/model/fusion-model';
import type { Received } from '@labelstream/shared/stream/received';
import type { FusionMetrics } from './metrics.js';
import type { Resolved } from './sequences.js';

export interface SuggestDeps {
  /** Absent where captions are switched off. */
  readonly captions?: { readonly model: Pick<CaptionModel, 'caption'>; readonly bundleId: string };
  readonly metrics: Pick<FusionMetrics, 'suggested'>;
}

/** What the head said of a listing, with the title that is proposed where there is none. */
export type Answer = Prediction & { readonly suggestedTitle?: SuggestedTitle };

/**
 * Proposes a title for the listings of a micro-batch that have an image and no text, or none that fits. It comes after the labels are
 * decided, so nothing is labelled from it, and a listing without one is labelled all the same.
 */
export async function suggestTitles(
  received: readonly Received<EncodedListing>[],
  resolved: readonly Resolved[],
  predictions: readonly (Prediction | undefined)[],
  { captions, metrics }: SuggestDeps,
): Promise<readonly (Answer | undefined)[]> {
  if (captions === undefined) return predictions;
  const untitled = received.flatMap(({ record }, at) => {
    const [found, prediction] = [resolved[at], predictions[at]];
    const image = found?.kind === 'input' ? found.input.image : undefined;
    const needed = prediction !== undefined && (record.text.state === 'MISSING' || prediction.mismatched);
    return needed && image !== undefined ? [{ at, image }] : [];
  });
  if (untitled.length === 0) return predictions;
  const proposals = await captionAll(
    captions.model,
    untitled.map(({ image }) => image),
  );
  const answers: (Answer | undefined)[] = [...predictions];
  untitled.forEach(({ at }, place) => {
    const caption = proposals?.[place];
    metrics.suggested(caption?.kind ?? 'failed');
    const prediction = predictions[at];
    if (caption?.kind !== 'title' || prediction === undefined) return;
    const { text, tokenConfidence } = caption;
    answers[at] = { ...prediction, suggestedTitle: { text, tokenConfidence, model: captions.bundleId } };
  });
  return answers;
}

/** Captions, or undefined where the graphs refused the batch. An inference thread that has ended is no failure of the captions alone. */
async function captionAll(model: Pick<CaptionModel, 'caption'>, images: Parameters<CaptionModel['caption']>[0]) {
  try {
    return await model.caption(images);
  } catch (error) {
    if (isLabelstreamError(error) && error.code === 'STAGE_FAILED') return undefined;
    throw error;
  }
}
