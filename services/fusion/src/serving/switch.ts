import type { Serving } from '@labelstream/shared/model/serving/document';
import { isInCanary } from '@labelstream/shared/model/serving/side';
import { beginHolding, type Holding } from './holding.js';
import type { Head, HeadPool } from './pool.js';

/** The heads of a serving, as a micro-batch works with them from its beginning to its end. */
export interface Held {
  /** Number of the change that brought it; 0: none. */
  readonly number: number;
  readonly serving: Serving;
  readonly active: Head;
  readonly canary?: Head;
  readonly shadow?: Head;
  /** The head that labels a product, and what its labels are ranked by. */
  headOf(productId: string): { readonly head: Head; readonly generation: number };
  /** Keeps the heads open until `work` has ended. */
  keep<T>(work: () => Promise<T>): Promise<T>;
}

/** Switches from one serving to the next between two micro-batches. */
export interface ServingSwitch {
  /** Runs a micro-batch on the heads of the moment; they stay open until it has ended, whatever is switched to meanwhile. */
  during<T>(work: (held: Held) => Promise<T>): Promise<T>;
  current(): Held;
  /** Opens what a serving needs beyond what is open; throws what opening a head throws. */
  prepare(number: number, serving: Serving): Promise<void>;
  isPrepared(number: number): boolean;
  /** From the next micro-batch on, the prepared serving is used; false where it is not prepared. */
  switchTo(number: number): boolean;
  /** Closes what was prepared and is not wanted any more. */
  forget(): void;
  close(): Promise<void>;
}

/** Opens the heads of the first serving. Throws what opening a head throws. */
export async function openServingSwitch(
  pool: HeadPool,
  first: { readonly number: number; readonly serving: Serving },
): Promise<ServingSwitch> {
  let now = await hold(pool, first.number, first.serving);
  let prepared: Holding<Held> | undefined;
  let closed = false;

  const forget = () => {
    prepared?.retire();
    prepared = undefined;
  };

  return {
    during: (work) => now.keep(() => work(now.value)),
    current: () => now.value,
    async prepare(number, serving) {
      if (prepared?.value.number === number) return;
      const next = await hold(pool, number, serving);
      forget();
      prepared = next;
      if (closed) forget();
    },
    isPrepared: (number) => prepared?.value.number === number || now.value.number === number,
    switchTo(number) {
      if (now.value.number === number) return true;
      if (prepared?.value.number !== number) return false;
      const before = now;
      now = prepared;
      prepared = undefined;
      before.retire();
      return true;
    },
    forget,
    async close() {
      closed = true;
      forget();
      now.retire();
      await now.ended;
    },
  };
}

/** Opens the heads of a serving; none stays open when one of them fails. */
async function hold(pool: HeadPool, number: number, serving: Serving): Promise<Holding<Held>> {
  const opened: Head[] = [];
  const releaseAll = async () => {
    for (const head of opened) await pool.release(head);
  };
  const open = async (ref: Parameters<HeadPool['acquire']>[0]) => {
    const head = await pool.acquire(ref);
    opened.push(head);
    return head;
  };
  try {
    const active = await open(serving.active);
    const canary = serving.canary && (await open(serving.canary));
    const shadow = serving.shadow && (await open(serving.shadow));
    return beginHolding<Held>(
      (keep) => ({
        number,
        serving,
        active,
        ...(canary && { canary }),
        ...(shadow && { shadow }),
        keep,
        headOf: sides(serving, active, canary),
      }),
      releaseAll,
    );
  } catch (error) {
    await releaseAll();
    throw error;
  }
}

function sides(serving: Serving, active: Head, canary: Head | undefined): Held['headOf'] {
  const ours = { head: active, generation: serving.active.generation };
  if (canary === undefined || serving.canary === undefined) return () => ours;
  const { generation, percent } = serving.canary;
  const theirs = { head: canary, generation };
  return (productId) => (isInCanary(productId, percent) ? theirs : ours);
}
