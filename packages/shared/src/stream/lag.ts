import type { Logger } from 'pino';
import { describeError, type ErrorCode, isLabelstreamError } from '../errors.js';
import { LANES, type Lane } from '../events/lane.js';
import type { Broker, PartitionOffset, TopicInfo } from '../ports/broker.js';

/** Messages behind the committed position, by lane; null until it was first measured. */
export type Lag = Readonly<Record<Lane, number>> | null;

/** What lag is measured with. */
export type LagBroker = Pick<Broker, 'describe' | 'committed'>;

/** Measures how far a group is behind, now and then. An idle worker learns by it, too, that the broker does not answer. */
export interface LagProbe {
  latest(): Lag;
  /** What was down when the last measurement failed; empty when it did not. */
  outages(): ErrorCode[];
  close(): void;
}

export interface LagProbeDeps {
  readonly broker: LagBroker;
  readonly groupId: string;
  readonly topics: Readonly<Record<Lane, string>>;
  readonly everyMs: number;
  readonly log: Logger;
  readonly onMeasured: (lane: Lane, messages: number) => void;
  /** Something that is needed for measuring is down. */
  readonly onOutage: () => void;
}

/** Starts measuring at once and then every `everyMs`; a failed measurement keeps the last one. */
export function startLagProbe(deps: LagProbeDeps): LagProbe {
  const { broker, groupId, topics, everyMs, log, onMeasured, onOutage } = deps;
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
      if (outages.length > 0) onOutage();
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
  broker: LagBroker,
  groupId: string,
  topics: Readonly<Record<Lane, string>>,
): Promise<Record<Lane, number>> {
  const { partitions, committed } = await readPositions(broker, groupId, topics);
  return sumLag(partitions, committed, topics);
}

/**
 * As {@link measureLag}, of a group of which it is not known whether it is there: null while it has never committed anything. Throws
 * BROKER_UNAVAILABLE.
 */
export async function measureKnownLag(broker: LagBroker, groupId: string, topics: Readonly<Record<Lane, string>>): Promise<Lag> {
  const { partitions, committed } = await readPositions(broker, groupId, topics);
  return committed.length === 0 ? null : sumLag(partitions, committed, topics);
}

async function readPositions(broker: LagBroker, groupId: string, topics: Readonly<Record<Lane, string>>) {
  const names = Object.values(topics);
  const [partitions, committed] = await Promise.all([broker.describe(names), broker.committed(groupId, names)]);
  return { partitions, committed };
}

function sumLag(
  partitions: readonly TopicInfo[],
  committed: readonly PartitionOffset[],
  topics: Readonly<Record<Lane, string>>,
): Record<Lane, number> {
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
