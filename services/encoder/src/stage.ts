import type { EncodedListing, PreparedListing } from '@labelstream/shared/events/records';
import type { TopicNames } from '@labelstream/shared/events/topics';
import type { EncoderModel } from '@labelstream/shared/model/encoder-model';
import type { Codecs } from '@labelstream/shared/ports/codec';
import { deadLetter, emit, type Outcome } from '@labelstream/shared/stream/outcome';
import { type Received, receive, receivedOf, weave } from '@labelstream/shared/stream/received';
import type { SendBack } from '@labelstream/shared/stream/send-back';
import type { Stage } from '@labelstream/shared/stream/stage';
import { type EncodeDeps, encodeWork } from './encode.js';
import { imageKey, listWork } from './work.js';

export interface EncoderDeps extends EncodeDeps {
  readonly encoderId: string;
  readonly model: EncoderModel;
  readonly codecs: Pick<Codecs, 'prepared' | 'encoded'>;
  readonly topics: TopicNames;
  readonly sendBack: SendBack;
}

/** `listings.prepared` → `listings.encoded`: tensors in, token sequences out. Never sees an image file. */
export function createEncoderStage(deps: EncoderDeps): Stage {
  return {
    name: 'encoder',
    input: 'prepared',
    delivery: 'at-least-once',
    process: async (batch) => {
      const items = (await receive(batch, deps.codecs.prepared)).map((item) => (item.kind === 'received' ? refuseUnfit(item, deps) : item));
      const received = receivedOf(items);
      const vanished = await encodeWork(listWork(received, deps.encoderId), deps);
      return weave(
        items,
        received.map((item) => pass(item, vanished, deps)),
      );
    },
  };
}

/** Inputs that the graphs would refuse must not reach them: the run they share with others would fail. */
function refuseUnfit(item: Received<PreparedListing>, { model }: EncoderDeps): Received<PreparedListing> | Outcome {
  const { image, text, tokenIds } = item.record;
  if (text.state === 'USED' && !model.fitsText(tokenIds)) return deadLetter('EVENT_INVALID', 'the token ids do not fit the text tower');
  const unnamed = [image, text].some(({ state, sha256 }) => state === 'USED' && sha256 === undefined);
  return unnamed ? deadLetter('EVENT_INVALID', 'a used modality has no content hash') : item;
}

function pass({ record, pass, passHeaders }: Received<PreparedListing>, vanished: ReadonlySet<string>, deps: EncoderDeps): Outcome {
  const { encoderId, codecs, topics, sendBack, metrics } = deps;
  if (vanished.has(imageKey(record, encoderId) ?? '')) {
    metrics.sentBack();
    return sendBack(record, pass, 'the pixels of the image');
  }
  const { tokenIds: _, preprocessId: __, ...carried } = record;
  const encoded: EncodedListing = { ...carried, encoderId };
  const value = codecs.encoded.encode(encoded);
  return emit([{ topic: topics.of('encoded', record.lane), key: record.productId, value, headers: passHeaders }]);
}
