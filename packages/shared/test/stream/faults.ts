import { LabelstreamError } from '../../src/errors.js';
import type { Broker, PartitionOffset } from '../../src/ports/broker.js';
import type { OutRecord } from '../../src/stream/outcome.js';

/**
 * What happens to a write. `lost`: it never arrives. `unanswered`: it arrives, but its answer is lost, so the writer cannot tell the two
 * apart. An error: it is refused with it.
 */
export type Fault = 'none' | 'lost' | 'unanswered' | LabelstreamError;

export interface Faults {
  readonly onSend?: (records: readonly OutRecord[]) => Fault;
  readonly onTransaction?: (records: readonly OutRecord[]) => Fault;
  readonly onOffsetCommit?: (offsets: readonly PartitionOffset[]) => Fault;
  readonly onOpen?: (transactionalId: string) => Fault;
}

/** A transaction by which a new owner begins, with its mark or its epoch and nothing else; faults are for what comes after them. */
const isBeginning = (records: readonly OutRecord[], offsets: readonly PartitionOffset[]) =>
  records.length === 0 && offsets.length > 0 && offsets.every(({ topic }) => topic.endsWith('.dlq') || topic.endsWith('product.labels'));

const noAnswer = () => new LabelstreamError('BROKER_UNAVAILABLE', 'no answer');

async function suffer(fault: Fault, write: () => Promise<void>): Promise<void> {
  if (fault instanceof LabelstreamError) throw fault;
  if (fault === 'lost') throw noAnswer();
  await write();
  if (fault === 'unanswered') throw noAnswer();
}

/** A broker whose writes go wrong as told. */
export function withFaults(broker: Broker, faults: Faults): Broker {
  return {
    ...broker,
    async subscribe(options) {
      const subscription = await broker.subscribe(options);
      return {
        ...subscription,
        commit: (offsets) => suffer(faults.onOffsetCommit?.(offsets) ?? 'none', () => subscription.commit(offsets)),
      };
    },
    async producer() {
      const producer = await broker.producer();
      return { ...producer, send: (records) => suffer(faults.onSend?.(records) ?? 'none', () => producer.send(records)) };
    },
    async transactionalProducer(transactionalId) {
      await suffer(faults.onOpen?.(transactionalId) ?? 'none', async () => {});
      const producer = await broker.transactionalProducer(transactionalId);
      return {
        ...producer,
        commit(records, group) {
          const fault = isBeginning(records, group.offsets) ? 'none' : faults.onTransaction?.(records);
          return suffer(fault ?? 'none', () => producer.commit(records, group));
        },
      };
    },
  };
}
