import { describeError } from '@labelstream/shared/errors';
import type { ServingDocument } from '@labelstream/shared/model/serving/document';
import { type Member, settleNext } from '@labelstream/shared/model/serving/members';
import type { ServingStore } from '@labelstream/shared/model/serving/store';
import type { ServiceContext } from '@labelstream/shared/service/service';
import { createWakeUp, settlesWithin } from '@labelstream/shared/stream/wake-up';
import type { ServingMetrics } from './metrics.js';
import { createPreparation } from './prepare.js';
import type { ServingSwitch } from './switch.js';

const EVERY_MS = 1000;
/** A micro-batch waits so long for the document; a Redis that takes longer is not asked again for a second. */
const GLANCE_MS = 100;

export interface FollowDeps {
  readonly store: ServingStore;
  readonly heads: ServingSwitch;
  readonly id: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly metrics: Pick<ServingMetrics, 'serving' | 'switched'>;
  readonly log: ServiceContext['log'];
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Follows the deployment's document; what was read last stays in force while the state Redis does not answer. */
export interface Follower {
  /**
   * Looks whether a prepared change has come into force; called before each micro-batch. So a micro-batch that begins after a change came
   * into force is labelled by it, on any instance, and partitions that move take no listing back to the model before.
   */
  glance(): Promise<void>;
  close(): Promise<void>;
}

export function startFollowing(deps: FollowDeps): Follower {
  const { store, heads, id, startedAt, log, metrics, now } = deps;
  const bell = createWakeUp();
  const preparation = createPreparation({ heads, metrics, log, now, onEnd: bell.ring });
  let known: ServingDocument | null = null;
  let quietUntil = 0;
  let closed = false;

  function takeOver({ applied }: ServingDocument): void {
    if (applied === heads.current().number || !heads.switchTo(applied)) return;
    const { serving } = heads.current();
    metrics.serving(serving);
    metrics.switched('switched');
    log.info({ change: applied, serving }, 'switched');
  }

  async function look(): Promise<void> {
    const found = await store.read();
    const newest = newer(found, known);
    // A Redis that has lost its last second, or everything, is told again what is in force.
    known = newest === found ? found : await store.update((document) => newer(document, newest));
    if (known !== null) prepareFor(known);
    await store.report(member());
    if (known?.next === undefined || !preparation.isThrough(known.next.number)) return;
    known = await store.update((document, members) => document && settleNext(document, members, now()));
    if (known !== null) takeOver(known);
  }

  /** Loads what is in force, where this instance has missed it, or else what is to come. */
  function prepareFor(document: ServingDocument): void {
    takeOver(document);
    const { applied, current, next } = document;
    if (applied !== heads.current().number) preparation.begin(applied, current, { again: true });
    else if (next !== undefined) preparation.begin(next.number, next.serving);
    else if (!preparation.isBusy()) heads.forget();
  }

  function member(): Member {
    const { number, serving } = heads.current();
    const [next, problem] = [known?.next?.number, preparation.problem()];
    const isPrepared = next !== undefined && heads.isPrepared(next);
    const own = { id, startedAt, saidAt: now(), applied: number, serving };
    return { ...own, ...(isPrepared ? { prepared: next } : {}), ...(problem === undefined ? {} : { problem }) };
  }

  async function run(): Promise<void> {
    while (!closed) {
      await look().catch((error: unknown) => log.debug({ reason: describeError(error) }, 'what is to be served cannot be read; it stays'));
      await bell.wait(EVERY_MS);
    }
  }

  metrics.serving(heads.current().serving);
  const running = run();
  return {
    async glance() {
      if (now() < quietUntil) return;
      const reading = store.read().then((document) => {
        if (document === null || newer(document, known) !== document) return;
        takeOver(document);
        if (document.asked !== known?.asked) bell.ring();
      });
      const isRead = reading.then(
        () => true,
        () => false,
      );
      if (!(await settlesWithin(isRead, GLANCE_MS)) || !(await isRead)) quietUntil = now() + EVERY_MS;
    },
    async close() {
      closed = true;
      bell.ring();
      await running;
      await store.leave(id).catch((error: unknown) => log.debug({ reason: describeError(error) }, 'not signed off'));
    },
  };
}

/** Of what stands in Redis and what was read before, the later; the former where they are equally late. */
function newer(found: ServingDocument | null, known: ServingDocument | null): ServingDocument | null {
  if (found === null || known === null) return found ?? known;
  return found.asked < known.asked || found.applied < known.applied ? known : found;
}
