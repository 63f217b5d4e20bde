import { describeError, isLabelstreamError } from '../errors.js';
import { LANES, type Lane } from '../events/lane.js';
import type { InMessage, PartitionOffset, TransactionalProducer } from '../ports/broker.js';
import type { Decided, Decider } from './decided.js';
import type { DeliveryDeps } from './delivery.js';
import { createMicroBatcher } from './micro-batch.js';
import { ABANDONED } from './outage.js';
import { runStage } from './run-stage.js';

/** The messages of one partition number, both lanes, in one line: one micro-batch after the other, one transaction each. */
export interface PartitionSequence {
  add(message: InMessage): void;
  /** Messages of a lane that wait for a micro-batch. */
  held(lane: Lane): number;
  /** Goes to work, if there is work and none is under way. */
  start(): void;
  busy(): boolean;
  /** Finishes the micro-batch under way (without waiting for outages), drops the rest, and closes the producer. */
  end(): Promise<void>;
}

export interface PartitionSequenceDeps extends DeliveryDeps {
  readonly decider: Decider;
  readonly partition: number;
  readonly generation: number;
  /** The end of the sequences of earlier generations: two of one partition must not run at the same time. */
  readonly predecessors: Promise<unknown>;
}

/** A micro-batch on its way. */
interface Work {
  /** Messages without a durable outcome. */
  open: readonly InMessage[];
  /** What the last transaction held, while it is unknown whether it was committed. */
  inDoubt: readonly Decided[];
}

/** Creates the sequence of a partition number for one generation. Its transactional id is `<groupId>-<partition>`. */
export function createPartitionSequence(deps: PartitionSequenceDeps): PartitionSequence {
  const { broker, decider, metrics, now, partition, groupId } = deps;
  const batcher = createMicroBatcher(deps.policy);
  const topics = LANES.map((lane) => deps.topics.of(deps.stage.input, lane));
  const pending: Record<Lane, InMessage[]> = { live: [], backfill: [] };
  const giveUp = new AbortController();
  let producer: TransactionalProducer | null = null;
  /** Committed positions by topic, as read when the producer was opened. */
  let committed = new Map<string, number>();
  let running: Promise<void> | null = null;

  const isLost = () => deps.generation !== deps.subscription.generation();
  const isCommitted = (message: InMessage) => message.offset < (committed.get(message.topic) ?? 0);

  async function run(): Promise<void> {
    await deps.predecessors;
    while (!giveUp.signal.aborted && !isLost()) {
      const batch = nextBatch();
      if (batch.length === 0) return;
      await deliver({ open: batch, inDoubt: [] });
      deps.onProgress();
    }
  }

  function nextBatch(): InMessage[] {
    const buffered = { live: pending.live.length, backfill: pending.backfill.length };
    const decision = batcher.decide({ buffered, idle: true, nowMs: now() });
    if (decision.kind !== 'take') return [];
    return LANES.flatMap((lane) => pending[lane].splice(0, decision.slots[lane]));
  }

  async function deliver(work: Work): Promise<void> {
    try {
      await deps.patience.untilUp(() => attempt(work), giveUp.signal);
    } catch (error) {
      giveUp.abort();
      deps.onFatal(error);
    }
    metrics.abandoned(work.open.length);
  }

  /** One try to bring all open messages to their outcome; false when it was given up. Repeated as it is after an outage. */
  async function attempt(work: Work): Promise<boolean> {
    producer ??= await takeOver();
    skipCommitted(work);
    if (work.open.length === 0) return true;
    const startedMs = now();
    const outcomes = await runStage(deps, work.open, giveUp.signal);
    metrics.processed(work.open.length, (now() - startedMs) / 1000);
    if (outcomes === ABANDONED) return false;
    return decider.writeAll(decider.decide(work.open, outcomes), (decided) => commit(decided, work));
  }

  /**
   * Opens the producer, which fences every older one of this partition and thereby decides its last transaction; only then do the
   * committed positions say for certain what is done. The same way serves a new owner and an owner in doubt about its own transaction.
   */
  async function takeOver(): Promise<TransactionalProducer> {
    const opened = await broker.transactionalProducer(`${groupId}-${partition}`);
    try {
      const positions = await broker.committed(groupId, topics);
      committed = new Map(positions.filter((position) => position.partition === partition).map(({ topic, offset }) => [topic, offset]));
      return opened;
    } catch (error) {
      closeQuietly(opened);
      throw error;
    }
  }

  function skipCommitted(work: Work): void {
    settle(
      work.inDoubt.filter(({ message }) => isCommitted(message)),
      work,
    );
    work.inDoubt = [];
    const byOthers = work.open.filter(isCommitted).length;
    work.open = work.open.filter((message) => !isCommitted(message));
    metrics.abandoned(byOthers);
  }

  async function commit(decided: readonly Decided[], work: Work): Promise<boolean> {
    if (producer === null || isLost()) return false;
    const records = decided.flatMap((one) => one.records);
    try {
      work.inDoubt = decided;
      const startedMs = now();
      await producer.commit(records, { groupId, offsets: positionsAfter(decided) });
      metrics.carriedOut((now() - startedMs) / 1000);
    } catch (error) {
      // Refused for its size: nothing was written. Otherwise nobody knows, until the producer has been opened again.
      if (isLabelstreamError(error, 'EVENT_TOO_LARGE')) work.inDoubt = [];
      else dropProducer();
      if (isLabelstreamError(error, 'BROKER_FENCED') && isLost()) return false;
      throw error;
    }
    work.inDoubt = [];
    settle(decided, work);
    return true;
  }

  /** The outcomes are durable: counts them. */
  function settle(decided: readonly Decided[], work: Work): void {
    for (const { message, outcome } of decided) metrics.outcome(message, outcome, now());
    const done = new Set(decided.map(({ message }) => message));
    work.open = work.open.filter((message) => !done.has(message));
  }

  function dropProducer(): void {
    if (producer !== null) closeQuietly(producer);
    producer = null;
  }

  function closeQuietly(closing: TransactionalProducer): void {
    closing.close().catch((error) => deps.log.debug({ partition, reason: describeError(error) }, 'producer not closed cleanly'));
  }

  return {
    add: (message) => pending[message.lane].push(message),
    held: (lane) => pending[lane].length,
    start() {
      if (running !== null || giveUp.signal.aborted || pending.live.length + pending.backfill.length === 0) return;
      running = run().finally(() => {
        running = null;
        deps.onProgress();
      });
    },
    busy: () => running !== null,
    async end() {
      giveUp.abort();
      metrics.abandoned(pending.live.splice(0).length + pending.backfill.splice(0).length);
      await running;
      await producer?.close();
      producer = null;
    },
  };
}

/** The positions of a group after these messages, per topic. */
function positionsAfter(decided: readonly Decided[]): PartitionOffset[] {
  const positions = new Map<string, PartitionOffset>();
  for (const { topic, partition, offset } of decided.map(({ message }) => message))
    positions.set(topic, { topic, partition, offset: offset + 1 });
  return [...positions.values()];
}
