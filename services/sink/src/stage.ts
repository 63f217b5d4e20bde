import { describeError, isLabelstreamError } from '@labelstream/shared/errors';
import { readPass } from '@labelstream/shared/events/headers';
import type { Lane } from '@labelstream/shared/events/lane';
import type { InMessage } from '@labelstream/shared/ports/broker';
import type { Codecs } from '@labelstream/shared/ports/codec';
import { deadLetter, type Outcome } from '@labelstream/shared/stream/outcome';
import type { BatchProgress, Stage } from '@labelstream/shared/stream/stage';
import { type CarryOutDeps, carryOut } from './carry-out.js';
import type { Offsets } from './published.js';
import type { PublishedStore } from './published-store.js';
import { type Arrival, createSequence } from './sequence.js';

export interface SinkDeps extends CarryOutDeps {
  readonly codec: Codecs['predicted'];
  readonly published: PublishedStore;
  /** A listing that was sent back this often is published as it is. */
  readonly requeueLimit: number;
}

const FROM_THE_START: BatchProgress = { committed: { live: 0, backfill: 0 }, epoch: 0 };

/** `listings.predicted` → `product.labels`: publish what changed, once and in order. Runs per input partition, one batch a transaction. */
export function createSinkStage(deps: SinkDeps): Stage {
  const process: Stage['process'] = async (batch, { committed, epoch } = FROM_THE_START) => {
    const arrivals = await Promise.all(batch.map((message) => open(message, deps)));
    const ids = new Set(arrivals.flatMap((arrival) => ('record' in arrival ? [arrival.record.productId] : [])));
    const partition = batch[0]?.partition ?? 0;
    const owner = { partition, epoch, committed };
    const sequence = createSequence(await deps.published.load([...ids], owner), { partition, offsets: committed });
    const outcomes = arrivals.map((arrival) => ('record' in arrival ? carryOut(arrival, sequence.next(arrival), deps) : arrival));
    await deps.published.save(sequence.moved(), owner, offsetsAfter(batch, committed));
    return outcomes;
  };
  return { name: 'sink', input: 'predicted', delivery: 'transactional', process };
}

/** Where the group stands once the batch is committed. */
function offsetsAfter(batch: readonly InMessage[], committed: Offsets): Offsets {
  const after = (lane: Lane) =>
    Math.max(committed[lane], ...batch.filter((message) => message.lane === lane).map(({ offset }) => offset + 1));
  return { live: after('live'), backfill: after('backfill') };
}

async function open(message: InMessage, { codec, requeueLimit }: SinkDeps): Promise<Arrival | Outcome> {
  try {
    const canGoBack = readPass(message.headers).requeue < requeueLimit;
    return { message, canGoBack, record: await codec.decode(message.value ?? new Uint8Array()) };
  } catch (error) {
    if (isLabelstreamError(error) && !error.retriable) return deadLetter(error.code, describeError(error));
    throw error;
  }
}
