import { describeError } from '@labelstream/shared/errors';
import type { Serving } from '@labelstream/shared/model/serving/document';
import type { Member } from '@labelstream/shared/model/serving/members';
import type { ServiceContext } from '@labelstream/shared/service/service';
import type { ServingMetrics } from './metrics.js';
import type { ServingSwitch } from './switch.js';

/** A change that is in force and could not be loaded is tried again after this long. */
const AGAIN_MS = 10_000;

export interface PreparationDeps {
  readonly heads: Pick<ServingSwitch, 'prepare' | 'isPrepared'>;
  readonly metrics: Pick<ServingMetrics, 'switched'>;
  readonly log: ServiceContext['log'];
  readonly now: () => number;
  /** Called when a change has been prepared, or has failed. */
  readonly onEnd: () => void;
}

/** Loads what is to be served in the background, one change at a time. */
export interface Preparation {
  /** Begins with a change, unless it is prepared, another one is under way, or it has failed and is not to be tried `again` yet. */
  begin(number: number, serving: Serving, options?: { readonly again: boolean }): void;
  isBusy(): boolean;
  /** The change that failed last, and why. */
  problem(): Member['problem'];
  /** Prepared, or failed. */
  isThrough(number: number): boolean;
}

export function createPreparation({ heads, metrics, log, now, onEnd }: PreparationDeps): Preparation {
  let busyWith: number | undefined;
  let problem: Member['problem'];
  let againAt = 0;

  const hasFailed = (number: number) => problem?.change === number;

  async function run(number: number, serving: Serving): Promise<void> {
    log.info({ change: number, serving }, 'a change is being prepared');
    try {
      await heads.prepare(number, serving);
      if (hasFailed(number)) problem = undefined;
    } catch (error) {
      problem = { change: number, what: describeError(error) };
      againAt = now() + AGAIN_MS;
      metrics.switched('failed');
      log.error({ err: error, change: number }, 'a change cannot be served here; the one before goes on');
    }
    busyWith = undefined;
    onEnd();
  }

  return {
    begin(number, serving, { again } = { again: false }) {
      if (busyWith !== undefined || heads.isPrepared(number)) return;
      if (hasFailed(number) && !(again && now() >= againAt)) return;
      busyWith = number;
      void run(number, serving);
    },
    isBusy: () => busyWith !== undefined,
    problem: () => problem,
    isThrough: (number) => heads.isPrepared(number) || hasFailed(number),
  };
}
