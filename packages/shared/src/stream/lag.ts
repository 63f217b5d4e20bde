import type { Logger } from 'pino';
import { describeError, type ErrorCode, isLabelstreamError } from '../errors.js';
import { LANES, type Lane } from '../events/lane.js';
import type { Broker } from '../ports/broker.js';

/** Messages behind the committed position, by lane; null until it was first measured. */
export type Lag = Readonly<Record<Lane, number>> | null;

/** Measures how far a group is behind, now and then. An idle worker learns by it, too, that the broker does not answer. */
export interface LagProbe {
  latest(): Lag;
  /** What was down when the last measurement failed; empty when it did not. */
  outages(): ErrorCode[];
  close(): void;
}

export interface LagProbeDeps {
  readonly broker: Pick<Broker, 'describe' | 'committed'>;
  readonly groupId: string;
  readonly topics: Readonly<Record<Lane, string>>;
  readonly everyMs: number;
  readonly log: Logger;
  readonly onMeasured: (lane: Lane, messages: number) => void;
}

/** Starts measuring at once and then every `everyMs`; a failed measurement keeps the last one. */
export function startLagProbe(deps: LagProbeDeps): LagProbe {
  const { broker, groupId, topics, everyMs, log, onMeasured } = deps;
  let latest: Lag = null;
  let outages: ErrorCode[] = [];
  let timer: NodeJS.Timeout | null = null;
  let closed = false;

  async function measureAndGoOn(): Promise<void> {
    try {
      latest = await measureLag(broker, groupId, topics);
      outages = [];
      for (const lane of LANES) onMeasured(lane, latest[lane]);
    } catch (error) {
      outages = isLabelstreamError(error) ? [error.code] : [];
      log.debug({ reason: describeError(error) }, 'lag not measured');
    }
    if (!closed) timer = setTimeout(() => void measureAndGoOn(), everyMs);
  }

  void measureAndGoOn();
  return {
    latest: () => latest,
    outages: () => outages,
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
