import type { Broker, RecordProducer } from '@labelstream/shared/ports/broker';

/** A producer that is opened when it is first needed, once for all ranges of a backfill. */
export interface ProducerOnce {
  /** Opens it, or tries again where that failed. Throws BROKER_UNAVAILABLE. */
  get(): Promise<RecordProducer>;
  close(): Promise<void>;
}

export function createProducerOnce(broker: Pick<Broker, 'producer'>): ProducerOnce {
  let opened: Promise<RecordProducer> | undefined;
  return {
    get() {
      opened ??= broker.producer();
      opened.catch(() => {
        opened = undefined;
      });
      return opened;
    },
    async close() {
      await (await opened?.catch(() => undefined))?.close();
    },
  };
}
