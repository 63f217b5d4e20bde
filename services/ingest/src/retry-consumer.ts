import { passHeaders } from '@labelstream/shared/events/headers';
import type { TopicNames } from '@labelstream/shared/events/topics';
import type { RecordProducer } from '@labelstream/shared/ports/broker';
import type { RetryJob, RetryQueue } from '@labelstream/shared/ports/retry-queue';
import type { OutRecord } from '@labelstream/shared/stream/outcome';

export interface RetryConsumerDeps {
  readonly retryQueue: RetryQueue;
  readonly producer: RecordProducer;
  readonly topics: TopicNames;
}

/** From now on sends every due retry through the pipeline again: as the next revision of its listing, or as the one that was sent back. */
export async function startRetryConsumer({ retryQueue, producer, topics }: RetryConsumerDeps): Promise<void> {
  await retryQueue.consume((job) => producer.send([toRecord(job, topics)]));
}

function toRecord({ event, lane, attempt, receivedAt, sentBack }: RetryJob, topics: TopicNames): OutRecord {
  const { productId } = JSON.parse(event) as { productId: string };
  return {
    topic: topics.of('events', lane),
    key: productId,
    value: Buffer.from(event),
    headers: passHeaders({
      attempt,
      receivedAt,
      ...(sentBack ? { ...sentBack, rested: sentBack.requeue } : { revision: attempt, requeue: 0 }),
    }),
  };
}
