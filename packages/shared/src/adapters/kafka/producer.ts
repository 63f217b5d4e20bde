import { Partitioners, type Producer } from 'kafkajs';
import type { Logger } from 'pino';
import { LabelstreamError } from '../../errors.js';
import type { RecordProducer } from '../../ports/broker.js';
import type { OutRecord } from '../../stream/outcome.js';
import { createSerialQueue } from '../common/serial-queue.js';
import type { OpenClient } from './client.js';
import { toBrokerError } from './errors.js';
import { splitBySize, topicsOf, toTopicMessages } from './messages.js';

async function open(openClient: OpenClient): Promise<Producer> {
  const producer = openClient().producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
  });
  try {
    await producer.connect();
  } catch (error) {
    await producer.disconnect().catch(() => {});
    throw toBrokerError(error, 'connecting a producer');
  }
  return producer;
}

/**
 * An idempotent producer. Sends run one after the other (kafkajs#598). Within one send the broker recognises repeated batches. After a send
 * that failed the producer is opened anew: kafkajs has taken its sequence numbers back although the broker may have written the batch, and
 * the next batch would be dropped as a duplicate. The records of a failed send may therefore have been written, all or some of them.
 */
export async function createKafkaProducer(deps: { readonly openClient: OpenClient; readonly log: Logger }): Promise<RecordProducer> {
  const queue = createSerialQueue();
  let current: Producer | null = await open(deps.openClient);
  let closed = false;

  async function discard(): Promise<void> {
    const old = current;
    current = null;
    await old?.disconnect().catch((error: unknown) => deps.log.debug({ err: error }, 'disconnecting a producer failed'));
  }

  async function send(records: readonly OutRecord[]): Promise<void> {
    if (closed) throw new LabelstreamError('BROKER_UNAVAILABLE', 'the producer is closed');
    try {
      current ??= await open(deps.openClient);
      for (const run of splitBySize(records)) await current.sendBatch({ acks: -1, topicMessages: toTopicMessages(run) });
    } catch (error) {
      await discard();
      throw toBrokerError(error, `producing to ${topicsOf(records)}`);
    }
  }

  return {
    send: (records) => queue.run(() => send(records)),
    close: () =>
      queue.run(async () => {
        closed = true;
        await discard();
      }),
  };
}
