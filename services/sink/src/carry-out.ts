import { readPass } from '@labelstream/shared/events/headers';
import { drop, emit, type Outcome } from '@labelstream/shared/stream/outcome';
import type { SendBack } from '@labelstream/shared/stream/send-back';
import type { SinkMetrics } from './metrics.js';
import type { RecordFactory } from './records.js';
import type { Arrival, Verdict } from './sequence.js';

export interface CarryOutDeps {
  readonly records: RecordFactory;
  readonly sendBack: SendBack;
  readonly metrics: SinkMetrics;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** The outcome of a verdict, counted. */
export function carryOut({ message, record }: Arrival, decision: Verdict, { records, metrics, now, sendBack }: CarryOutDeps): Outcome {
  if (decision.kind === 'labelAgain') {
    metrics.labelledAgain();
    return sendBack(record, readPass(message.headers), 'the model of its labels');
  }
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
