import { LANES, type Lane } from '../events/lane.js';
import type { InMessage } from '../ports/broker.js';
import { deliverExactlyOnce, type ExactlyOnceDeps } from './exactly-once.js';
import { createMicroBatcher } from './micro-batch.js';

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

export interface PartitionSequenceDeps extends ExactlyOnceDeps {
  /** The end of earlier terms' sequences: two of one partition must not run at the same time. */
  readonly predecessors: Promise<unknown>;
}

/** Creates the sequence of a partition number for one term. */
export function createPartitionSequence(deps: PartitionSequenceDeps): PartitionSequence {
  const { term, transactions, metrics } = deps;
  const batcher = createMicroBatcher(deps.policy);
  const pending: Record<Lane, InMessage[]> = { live: [], backfill: [] };
  let ending = false;
  let running: Promise<void> | null = null;

  async function run(): Promise<void> {
    await deps.predecessors;
    for (let batch = nextBatch(); batch.length > 0; batch = nextBatch()) {
      const startedMs = deps.now();
      await deliverExactlyOnce(deps, batch);
      batcher.observe(batch.length, deps.now() - startedMs);
      deps.onProgress();
    }
  }

  function nextBatch(): InMessage[] {
    if (ending || term.isOver()) return [];
    const buffered = { live: pending.live.length, backfill: pending.backfill.length };
    const decision = batcher.decide({ buffered, idle: true, nowMs: deps.now() });
    if (decision.kind !== 'take') return [];
    return LANES.flatMap((lane) => pending[lane].splice(0, decision.slots[lane]));
  }

  function fail(error: unknown): void {
    ending = true;
    deps.onFatal(error);
  }

  return {
    add: (message) => pending[message.lane].push(message),
    held: (lane) => pending[lane].length,
    start() {
      if (running !== null || ending || pending.live.length + pending.backfill.length === 0) return;
      running = run()
        .catch(fail)
        .finally(() => {
          running = null;
          deps.onProgress();
        });
    },
    busy: () => running !== null,
    async end() {
      ending = true;
      for (const lane of LANES) metrics.abandoned(pending[lane].splice(0).length);
      await running;
      await transactions.close();
    },
  };
}
