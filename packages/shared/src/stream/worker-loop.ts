import type { Subscription } from '../ports/broker.js';
import type { Delivery, Rest } from './delivery.js';
import { createWakeUp } from './wake-up.js';

/** The loop looks around at least this often, also when nothing happens: several times within the shortest WATCHDOG_MS, 1 s. */
const IDLE_REST_MS = 250;
/** While a batch waits for company, the loop looks this often whether it has filled up. */
const FILLING_POLL_MS = 5;
/** Between a drain and the next assignment there is nothing to do. */
const PAUSED_POLL_MS = 20;

/** Feeds a delivery from a subscription until it is stopped. */
export interface WorkerLoop {
  /** Something has moved on; the loop looks again. */
  wake(): void;
  /** Takes no more messages; resolves when the loop has ended. Work under way goes on. */
  stop(): Promise<void>;
}

export interface WorkerLoopDeps {
  readonly subscription: Subscription;
  readonly delivery: Pick<Delivery, 'pump' | 'drain'>;
  /** Called on every turn. */
  readonly onTurn: () => void;
  readonly onFatal: (error: unknown) => void;
}

/** Starts the loop. Before partitions are given up it drains, and then rests until the next generation. */
export function startWorkerLoop({ subscription, delivery, onTurn, onFatal }: WorkerLoopDeps): WorkerLoop {
  const bell = createWakeUp();
  let stopped = false;
  let drainedGeneration: number | null = null;
  let messageWait: Promise<void> | null = null;

  async function run(): Promise<void> {
    while (!stopped) {
      onTurn();
      if (drainedGeneration === subscription.generation()) await bell.wait(PAUSED_POLL_MS);
      else await rest(delivery.pump());
    }
  }

  function rest(rest: Rest): Promise<void> {
    if (rest.until === 'progress') return bell.wait(IDLE_REST_MS);
    if (rest.until === 'age') return bell.wait(Math.min(rest.ms, FILLING_POLL_MS));
    messageWait ??= subscription.wait(IDLE_REST_MS).finally(() => {
      messageWait = null;
    });
    return Promise.race([messageWait, bell.wait(IDLE_REST_MS)]);
  }

  subscription.onRevoke(async () => {
    drainedGeneration = subscription.generation();
    await delivery.drain();
  });
  subscription.failed.catch(onFatal);
  const ended = run().catch(onFatal);

  return {
    wake: () => bell.ring(),
    async stop() {
      stopped = true;
      bell.ring();
      await ended;
    },
  };
}
