import kafkajs from 'kafkajs';
import type { Logger } from 'pino';
import type { Lane } from '../../events/lane.js';
import type { SubscribeOptions, Subscription, TopicPartition } from '../../ports/broker.js';
import { type CommitGuard, createCommitGuard } from '../common/commit-guard.js';
import { drainWithin } from '../common/drain.js';
import { createLaneBuffers, type LaneBuffers } from '../common/lane-buffers.js';
import type { ConsumerHandlers } from './consumer.js';
import { createLaneFlow, type LaneFlow } from './lane-flow.js';
import { toInMessages } from './messages.js';

/** What a subscription knows of its place in the group, and the messages it was given there. */
export interface Membership extends Pick<Subscription, 'take' | 'generation' | 'assignment' | 'onRevoke'> {
  /** To be called by the consumer. */
  readonly handlers: ConsumerHandlers;
  readonly buffers: LaneBuffers;
  readonly guard: CommitGuard;
  /** Delivers nothing more, for good, and waits for the work under way, within a deadline. */
  leave(): Promise<void>;
  /** Nothing is assigned any more, for good. */
  end(): void;
}

function topicsByLane(topics: SubscribeOptions['topics']): Record<Lane, string[]> {
  const of = (lane: Lane) => topics.filter((entry) => entry.lane === lane).map(({ topic }) => topic);
  return { live: of('live'), backfill: of('backfill') };
}

interface State {
  assignment: readonly TopicPartition[];
  generation: number;
  delivering: boolean;
  /** Whether work of the last assignment may be under way. */
  undrained: boolean;
  leaving: boolean;
}

/** What kafkajs takes for the broker's word that the group rebalances: it joins again, and what it had fetched is fetched again. */
const joinAgain = () =>
  new kafkajs.KafkaJSProtocolError(
    Object.assign(new Error('a join was begun and not ended'), { code: 27, type: 'REBALANCE_IN_PROGRESS', retriable: false }),
  );

function createHandlers(
  deps: {
    readonly state: State;
    readonly buffers: LaneBuffers;
    readonly flow: LaneFlow;
    readonly forget: () => void;
    readonly beforeJoin: () => Promise<void>;
  },
  topics: SubscribeOptions['topics'],
): ConsumerHandlers {
  const { state, buffers, flow, forget, beforeJoin } = deps;
  const laneOf = new Map(topics.map(({ topic, lane }) => [topic, lane]));
  return {
    beforeJoin,
    assigned(partitions) {
      forget();
      flow.reset();
      state.generation++;
      if (state.leaving) return;
      state.assignment = partitions;
      state.delivering = true;
      state.undrained = true;
    },
    batch(batch, consumer) {
      const lane = laneOf.get(batch.topic);
      if (lane === undefined || state.leaving) return;
      // A join for which everything was given up has failed, and kafkajs goes on as the member that it was: with nobody to take what it brings.
      if (!state.delivering) throw joinAgain();
      buffers.push(lane, toInMessages(batch, lane, state.generation));
      flow.filled(lane, buffers.size(lane), consumer);
    },
    lost() {
      forget();
      flow.forget();
    },
  };
}

/** A membership that has not begun. `drainMs` bounds how long the work under way may hold up a rebalance. */
export function createMembership(options: SubscribeOptions, drainMs: number, log: Logger): Membership {
  const buffers = createLaneBuffers();
  const guard = createCommitGuard();
  const flow = createLaneFlow(topicsByLane(options.topics), options.maxBufferedPerLane);
  const state: State = { assignment: [], generation: 0, delivering: false, undrained: false, leaving: false };
  let onRevoke: () => Promise<void> = async () => {};
  let draining: Promise<void> | null = null;

  function stopDelivering(): void {
    state.delivering = false;
    buffers.clear();
  }

  function forget(): void {
    stopDelivering();
    state.assignment = [];
    guard.reset();
  }

  async function drain(): Promise<void> {
    const problem = await drainWithin(onRevoke, drainMs);
    if (problem !== undefined) log.warn({ err: problem }, 'partitions are given up before the work under way has ended');
    draining = null;
  }

  function revoke(): Promise<void> {
    stopDelivering();
    state.undrained = false;
    draining ??= drain();
    return draining;
  }

  // The first join, and a join that is tried again, have nothing to give up; one after an outage may have.
  const beforeJoin = async () => {
    if (state.undrained || draining !== null) await revoke();
  };

  return {
    handlers: createHandlers({ state, buffers, flow, forget, beforeJoin }, options.topics),
    buffers,
    guard,
    take(lane, max) {
      const taken = buffers.take(lane, max);
      guard.handedOut(taken);
      if (state.delivering) flow.emptied(lane, buffers.size(lane));
      return taken;
    },
    generation: () => state.generation,
    assignment: () => state.assignment,
    onRevoke(next) {
      onRevoke = next;
    },
    leave() {
      state.leaving = true;
      return revoke();
    },
    end() {
      forget();
      buffers.close();
    },
  };
}
