import { LabelstreamError } from '../../errors.js';
import type { RecordProducer, TransactionalProducer } from '../../ports/broker.js';
import type { MemoryGroup } from './group.js';
import { roundTrip } from './reader.js';
import type { TopicLog } from './topic-log.js';

/** Opens producers that append to one log. */
export interface MemoryProducers {
  plain(): RecordProducer;
  transactional(transactionalId: string): TransactionalProducer;
}

/** `assertOpen` throws once the broker is closed. */
export function createMemoryProducers(deps: {
  readonly log: TopicLog;
  readonly group: (groupId: string) => MemoryGroup;
  readonly assertOpen: () => void;
}): MemoryProducers {
  const { log, group, assertOpen } = deps;
  const epochs = new Map<string, number>();

  function transactional(transactionalId: string): TransactionalProducer {
    const epoch = (epochs.get(transactionalId) ?? 0) + 1;
    epochs.set(transactionalId, epoch);
    return {
      async commit(records, { groupId, offsets }) {
        await roundTrip();
        assertOpen();
        if (epochs.get(transactionalId) !== epoch)
          throw new LabelstreamError('BROKER_FENCED', `a newer producer took over the transactional id ${transactionalId}`);
        log.append(records, true);
        group(groupId).commit(offsets);
      },
      close: async () => {},
    };
  }

  return {
    plain: () => ({
      async send(records) {
        assertOpen();
        log.append(records, false);
        await roundTrip();
      },
      close: async () => {},
    }),
    transactional,
  };
}
