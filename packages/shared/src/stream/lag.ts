import type { Logger } from 'pino';
import { describeError } from '../errors.js';
import type { Lane } from '../events/lane.js';
import type { Broker } from '../ports/broker.js';

/** Messages behind the committed position, by lane; null until it was first measured. */
export type Lag = Readonly<Record<Lane, number>> | null;

/** Measures how far a group is behind, now and then. */
export interface LagProbe {
  latest(): Lag;
  close(): void;
}

export interface LagProbeDeps {
  readonly broker: Pick<Broker, 'describe' | 'committed'>;
  readonly groupId: string;
  readonly topics: Readonly<Record<Lane, string>>;
  readonly everyMs: number;
  readonly log: Logger;
  readonly onMeasured: (lag: Readonly<Record<Lane, number>>) => void;
}

/** Starts measuring at once and then every `everyMs`; a failed measurement keeps the last one. */
export function startLagProbe(deps: LagProbeDeps): LagProbe {
  const { broker, groupId, topics, everyMs, log, onMeasured } = deps;
  let latest: Lag = null;
  let timer: NodeJS.Timeout | null = null;
  let closed = false;

  async function measureAndGoOn(): Promise<void> {
    try {
      latest = await measureLag(broker, groupId, topics);
      onMeasured(latest);
    } catch (error) {
      log.debug({ reason: describeError(error) }, 'lag not measured');
    }
    if (!closed) timer = setTimeout(() => void measureAndGoOn(), everyMs);
  }

  void measureAndGoOn();
  return {
    latest: () => latest,
    close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}

/** Sums over all partitions; a partition without a committed position counts from its first message. Throws BROKER_UNAVAILABLE. */
export async function measureLag(
  broker: Pick<Broker, 'describe' | 'committed'>,
  groupId: string,
  topics: Readonly<Record<Lane, string>>,
): Promise<Record<Lane, number>> {
  const names = Object.values(topics);
  const [partitions, committed] = await Promise.all([broker.describe(names), broker.committed(groupId, names)]);
  const positions = new Map(committed.map(({ topic, partition, offset }) => [`${topic}:${partition}`, offset]));
  const lagOf = (topic: string) =>
    partitions
      .filter((info) => info.topic === topic)
      .reduce((sum, { partition, earliest, latest }) => {
        const position = Math.max(positions.get(`${topic}:${partition}`) ?? earliest, earliest);
        return sum + Math.max(0, latest - position);
      }, 0);
  return { live: lagOf(topics.live), backfill: lagOf(topics.backfill) };
}
