import { createDesk, type Desk } from './desk.js';
import type { EventQueue } from './event-queue.js';
import type { Listing, StageModel } from './model.js';
import type { Random } from './random.js';
import { createWorker, type Worker } from './worker.js';

/** A stage at work in a simulation. */
export interface SimulatedStage {
  /** A listing can be taken from now on. */
  arrive(listing: Listing): void;
  readonly workers: readonly Worker[];
}

export interface StageDeps {
  readonly queue: EventQueue;
  readonly model: StageModel;
  readonly partitions: number;
  readonly random: Random;
  /** Called with each listing when the next stage has it. */
  readonly onEmitted: (listing: Listing) => void;
  /** Called with each listing when the worker begins with its batch. */
  readonly onServed: (listing: Listing) => void;
}

/** Creates a stage whose partitions are dealt out to its instances one by one; instances without a partition stand idle. */
export function createStage({ queue, model, partitions, random, onEmitted, onServed }: StageDeps): SimulatedStage {
  const isTransactional = model.delivery === 'transactional';
  const workers = Array.from({ length: model.instances }, () => createWorker(queue));
  const createDeskOf = (worker: Worker) =>
    createDesk({
      queue,
      worker,
      policy: model.policy,
      maxInFlight: isTransactional ? 1 : model.maxInFlight,
      time: isTransactional ? withoutOverlap(model.time) : model.time,
      random,
      onServed: (batch) => batch.forEach(onServed),
      onDone: (batch) => handOn(batch),
    });
  const desks = workers.map(createDeskOf);
  const deskOfPartition = Array.from({ length: partitions }, (_, partition): Desk | undefined => {
    const instance = partition % model.instances;
    const worker = workers[instance];
    return isTransactional && worker !== undefined ? createDeskOf(worker) : desks[instance];
  });

  function handOn(batch: readonly Listing[]): void {
    const arrive = () => batch.forEach(onEmitted);
    if (model.time.fetchMs === 0) arrive();
    else queue.after(model.time.fetchMs, arrive);
  }

  return {
    workers,
    arrive(listing) {
      listing.arrivedMs = queue.nowMs();
      deskOfPartition[listing.partition]?.add(listing);
    },
  };
}

/** A sequence takes no new batch before the transaction of the last one is through. */
const withoutOverlap = (time: StageModel['time']) => ({ ...time, waitMs: time.waitMs + time.carryOutMs, carryOutMs: 0 });
