import type { Archiver } from '@labelstream/shared/archive/archiver';
import type { PreparedListing } from '@labelstream/shared/events/records';
import type { EncoderModel } from '@labelstream/shared/model/encoder-model';
import type { Codecs } from '@labelstream/shared/ports/codec';
import { deadLetter, type Outcome } from '@labelstream/shared/stream/outcome';
import { type Received, receive, receivedOf, weave } from '@labelstream/shared/stream/received';
import type { Stage } from '@labelstream/shared/stream/stage';
import { type ConcludeDeps, conclude } from './conclude.js';
import { type EncodeDeps, encodeWork } from './encode.js';
import type { EncoderMetrics } from './metrics.js';
import { listWork } from './work.js';

export interface EncoderDeps extends EncodeDeps, ConcludeDeps {
  readonly model: EncoderModel;
  readonly codecs: Pick<Codecs, 'prepared' | 'encoded'>;
  readonly metrics: EncoderMetrics;
  readonly archive?: Archiver;
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
        received.map((item) => conclude(item, vanished, deps)),
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
