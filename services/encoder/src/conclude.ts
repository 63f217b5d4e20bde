import type { Archiver } from '@labelstream/shared/archive/archiver';
import type { EncodedListing, PreparedListing } from '@labelstream/shared/events/records';
import type { TopicNames } from '@labelstream/shared/events/topics';
import type { Codecs } from '@labelstream/shared/ports/codec';
import { emit, type Outcome } from '@labelstream/shared/stream/outcome';
import type { Received } from '@labelstream/shared/stream/received';
import type { SendBack } from '@labelstream/shared/stream/send-back';
import type { EncoderMetrics } from './metrics.js';
import { imageKeys } from './work.js';

export interface ConcludeDeps {
  readonly encoderId: string;
  readonly codecs: Pick<Codecs, 'encoded'>;
  readonly topics: TopicNames;
  readonly sendBack: SendBack;
  readonly metrics: Pick<EncoderMetrics, 'sentBack'>;
  /** Absent where it is switched off. */
  readonly archive?: Pick<Archiver, 'listing'>;
}

/** The outcome of one listing whose contents are encoded; `vanished`: keys of images whose pixels are not there any more. */
export function conclude(
  { record, pass, passHeaders }: Received<PreparedListing>,
  vanished: ReadonlySet<string>,
  { encoderId, codecs, topics, sendBack, metrics, archive }: ConcludeDeps,
): Outcome {
  const [first, ...further] = imageKeys(record, encoderId).map((key) => vanished.has(key));
  if (first === true || further.includes(true)) {
    const back = sendBack(record, pass, 'the pixels of the image');
    // Only a listing whose first image is gone is given up: it needs none of the others.
    if (first === true || back.kind !== 'deadLetter') {
      metrics.sentBack();
      return back;
    }
  }
  const { tokenIds: _, preprocessId: __, ...carried } = record;
  const candidates = record.candidates.filter((_candidate, at) => further[at] === false);
  const encoded: EncodedListing = { ...carried, candidates, encoderId };
  const value = codecs.encoded.encode(encoded);
  archive?.listing(encoded);
  return emit([{ topic: topics.of('encoded', record.lane), key: record.productId, value, headers: passHeaders }]);
}
