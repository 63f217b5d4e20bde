import { describeError, isLabelstreamError } from '@labelstream/shared/errors';
import type { InMessage } from '@labelstream/shared/ports/broker';
import type { Codecs } from '@labelstream/shared/ports/codec';
import { deadLetter, drop, emit, type Outcome } from '@labelstream/shared/stream/outcome';
import type { BatchProgress, Stage } from '@labelstream/shared/stream/stage';
import type { Decision } from './decide.js';
import type { SinkMetrics } from './metrics.js';
import type { PublishedStore } from './published-store.js';
import type { RecordFactory } from './records.js';
import { type Arrival, createSequence } from './sequence.js';

export interface SinkDeps {
  readonly codec: Codecs['predicted'];
  readonly published: PublishedStore;
  readonly records: RecordFactory;
  readonly metrics: SinkMetrics;
  readonly now: () => number;
}

const FROM_THE_START: BatchProgress = { committed: { live: 0, backfill: 0 }, epoch: 0 };

/** `listings.predicted` → `product.labels`: publish what changed, once and in order. Runs per input partition, one batch a transaction. */
export function createSinkStage(deps: SinkDeps): Stage {
  const process: Stage['process'] = async (batch, { committed, epoch } = FROM_THE_START) => {
    const arrivals = await Promise.all(batch.map((message) => open(message, deps)));
    const ids = new Set(arrivals.flatMap((arrival) => ('record' in arrival ? [arrival.record.productId] : [])));
    const partition = batch[0]?.partition ?? 0;
    const owner = { partition, epoch };
    const sequence = createSequence(await deps.published.load([...ids], owner), { partition, offsets: committed });
    const outcomes = arrivals.map((arrival) => ('record' in arrival ? carryOut(arrival, sequence.next(arrival), deps) : arrival));
    await deps.published.save(sequence.moved(), owner);
    return outcomes;
  };
  return { name: 'sink', input: 'predicted', delivery: 'transactional', process };
}

async function open(message: InMessage, { codec }: SinkDeps): Promise<Arrival | Outcome> {
  try {
    return { message, record: await codec.decode(message.value ?? new Uint8Array()) };
  } catch (error) {
    if (isLabelstreamError(error) && !error.retriable) return deadLetter(error.code, describeError(error));
    throw error;
  }
}

function carryOut({ record }: Arrival, decision: Decision, { records, metrics, now }: SinkDeps): Outcome {
  if (decision.kind === 'drop') return drop(decision.reason);
  if (decision.kind === 'tombstone') {
    metrics.published('tombstone');
    return emit(records.tombstones(record, decision.tasks));
  }
  metrics.published('labels');
  metrics.eventToLabel(record.lane, now() - record.receivedAt);
  for (const { task, abstained } of record.labels) if (decision.changedTasks.includes(task)) metrics.changedTask(task, abstained);
  return emit(records.labels(record, decision.changedTasks));
}
