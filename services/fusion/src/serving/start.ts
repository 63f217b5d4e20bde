import { describeError } from '@labelstream/shared/errors';
import type { RankedHead } from '@labelstream/shared/model/serving/document';
import type { ServingStore } from '@labelstream/shared/model/serving/store';
import type { ServiceContext } from '@labelstream/shared/service/service';
import type { FusionMetrics } from '../metrics.js';
import { type Follower, startFollowing } from './follow.js';
import { createHeadPool, type OpenHead } from './pool.js';
import { createShadowWatch, type ShadowWatch } from './shadow.js';
import { openServingSwitch, type ServingSwitch } from './switch.js';

/** While the first heads are loaded, the instance says this often that it lives. */
const SIGN_OF_LIFE_MS = 5000;

export interface StartServingDeps {
  readonly store: ServingStore;
  /** Of this instance, unlike that of any other. */
  readonly id: string;
  readonly openHead: OpenHead;
  /** What is served where nothing was ever promoted. */
  readonly fallback: () => Promise<RankedHead>;
  readonly metrics: FusionMetrics;
  readonly log: ServiceContext['log'];
  readonly now: () => number;
  readonly random: () => number;
}

/** The heads at work, and who keeps them up to date. */
export interface RunningServing {
  readonly heads: ServingSwitch;
  readonly follower: Follower;
  readonly shadow: ShadowWatch;
  close(): Promise<void>;
}

/**
 * Signs on with the deployment, opens what it serves, and follows it from then on. It signs on before it reads what is to be served, so that
 * no change comes into force that this instance has not heard of.
 *
 * @throws STATE_UNAVAILABLE, and what opening the heads throws
 */
export async function startServing(deps: StartServingDeps): Promise<RunningServing> {
  const { store, id, metrics, log, now, random } = deps;
  const startedAt = now();
  const fallback = once(deps.fallback);
  const signOn = async () => {
    const document = await store.read();
    const [number, serving] = document === null ? [0, { active: await fallback() }] : [document.applied, document.current];
    await store.report({ id, startedAt, saidAt: now(), applied: number, serving });
    return { number, serving };
  };
  await signOn();
  await store.join(id);
  const alive = setInterval(() => {
    signOn().catch((error: unknown) => log.debug({ reason: describeError(error) }, 'no sign of life'));
  }, SIGN_OF_LIFE_MS);
  try {
    const heads = await openServingSwitch(createHeadPool(deps.openHead), await signOn());
    const shadow = createShadowWatch({ store, id, metrics, log, now, random });
    const follower = startFollowing({ store, heads, id, startedAt, metrics, log, now });
    const close = async () => {
      await follower.close();
      await shadow.close();
      await heads.close();
    };
    return { heads, follower, shadow, close };
  } catch (error) {
    await store.leave(id).catch(() => {});
    throw error;
  } finally {
    clearInterval(alive);
  }
}

/** Reads and checks a bundle once, however often it is asked for. */
function once<T>(read: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= read();
    return result;
  };
}
