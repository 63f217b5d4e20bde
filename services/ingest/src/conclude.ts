import type { ErrorCode } from '@labelstream/shared/errors';
import { roundHeaders } from '@labelstream/shared/events/headers';
import type { ImageChoice, ModalityRef, PreparedListing } from '@labelstream/shared/events/records';
import type { TopicNames } from '@labelstream/shared/events/topics';
import type { Codecs } from '@labelstream/shared/ports/codec';
import { deadLetter, defer, emit, type Outcome, type OutRecord } from '@labelstream/shared/stream/outcome';
import type { Arrival } from './arrival.js';
import { decide } from './decide.js';
import type { FoundImage } from './find-images.js';
import type { IngestMetrics } from './metrics.js';
import { planRetry, type RetryPlanDeps } from './retry.js';
import type { PreparedText } from './text/prepare.js';

export interface ConcludeDeps {
  readonly codec: Codecs['prepared'];
  readonly topics: TopicNames;
  readonly preprocessId: string;
  readonly retries: RetryPlanDeps;
  readonly metrics: IngestMetrics;
}

const MISSING = { state: 'MISSING' } as const;

/** The outcome of a listing whose text and image are as far as they go now. Throws QUEUE_UNAVAILABLE. */
export async function conclude(arrival: Arrival, text: PreparedText, image: FoundImage, deps: ConcludeDeps): Promise<Outcome> {
  const { metrics, retries } = deps;
  const decision = decide({ image, text: text.ref, attempt: arrival.pass.attempt, maxRetries: retries.delaysMs.length });
  metrics.modality('text', text.ref);
  metrics.modality('image', ('image' in decision && decision.image) || image.ref);
  switch (decision.kind) {
    case 'deadLetter': {
      const rest = decision.image && [
        recordOf(arrival, { image: decision.image, candidates: [], text: text.ref, tokenIds: text.tokenIds }, deps),
      ];
      return deadLetter(decision.code, decision.detail, rest);
    }
    case 'defer':
      await planRetry(arrival, decision.reason, retries, image.retryAfterMs);
      return defer(decision.reason);
    case 'emit':
      if (decision.retry) await planRetry(arrival, decision.image.reason as ErrorCode, retries, image.retryAfterMs);
      return send(arrival, { ...choiceOf(decision.image, image), text: text.ref, tokenIds: text.tokenIds }, deps);
  }
}

/** A deletion needs no model inputs; it only has to keep its place among the product's records. */
export function passDeletion(arrival: Arrival, deps: ConcludeDeps): Outcome {
  return send(arrival, { image: MISSING, candidates: [], text: MISSING, tokenIds: [] }, deps);
}

type Inputs = ImageChoice & Pick<PreparedListing, 'text' | 'tokenIds'>;

function choiceOf(image: ModalityRef, { index, candidates }: FoundImage): ImageChoice {
  return { image, ...(index === undefined ? {} : { imageIndex: index }), candidates };
}

function send(arrival: Arrival, inputs: Inputs, deps: ConcludeDeps): Outcome {
  return emit([recordOf(arrival, inputs, deps)], inputs.image.reason ?? inputs.text.reason);
}

function recordOf({ head, pass }: Arrival, inputs: Inputs, { codec, topics, preprocessId }: ConcludeDeps): OutRecord {
  const headers = roundHeaders(pass);
  return {
    topic: topics.of('prepared', head.lane),
    key: head.productId,
    value: codec.encode({ ...head, ...inputs, preprocessId }),
    ...(Object.keys(headers).length > 0 && { headers }),
  };
}
