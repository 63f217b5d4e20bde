import { describeError } from '@labelstream/shared/errors';
import type { FusionInput, Prediction } from '@labelstream/shared/model/fusion-model';
import { beginComparison, type Comparison, compare } from '@labelstream/shared/model/serving/comparison';
import { reportOf } from '@labelstream/shared/model/serving/comparison-report';
import { comparisonName, type ServingStore } from '@labelstream/shared/model/serving/store';
import type { ServiceContext } from '@labelstream/shared/service/service';
import type { FusionMetrics } from '../metrics.js';
import type { Held } from './switch.js';

const SAVE_EVERY_MS = 2000;

/** A listing that the active head has labelled. */
export interface Labelled {
  readonly productId: string;
  readonly version: number;
  readonly input: FusionInput;
  readonly prediction: Prediction;
}

/** Lets a shadow head label what the active head has labelled, and counts how they differ. */
export interface ShadowWatch {
  /**
   * Returns at once; the listings are gone through in the background. They are skipped while earlier ones are still under way, so that
   * a shadow that is slower than the active head cannot pile up work.
   */
  observe(held: Held, labelled: readonly Labelled[]): void;
  /** Stores what was counted. */
  close(): Promise<void>;
}

export interface ShadowDeps {
  readonly store: Pick<ServingStore, 'saveComparison'>;
  /** The instance's. */
  readonly id: string;
  readonly metrics: Pick<FusionMetrics, 'shadowed' | 'compared' | 'drifted'>;
  readonly log: ServiceContext['log'];
  readonly now: () => number;
  readonly random: () => number;
}

export function createShadowWatch({ store, id, metrics, log, now, random }: ShadowDeps): ShadowWatch {
  let counted: Comparison | undefined;
  let isDirty = false;
  let running: Promise<void> | undefined;

  function countedFor({ serving }: Held, shadow: string): Comparison {
    if (counted?.active === serving.active.id && counted.shadow === shadow) return counted;
    void save();
    counted = beginComparison(serving.active.id, shadow, now());
    return counted;
  }

  async function run(held: Held, shadow: NonNullable<Held['shadow']>, labelled: readonly Labelled[]): Promise<void> {
    const into = countedFor(held, shadow.id);
    isDirty = true;
    try {
      const answers = await shadow.model.fuse(labelled.map(({ input }) => input));
      labelled.forEach(({ productId, version, prediction }, at) => {
        const answer = answers[at];
        if (answer === undefined) into.failed += 1;
        else {
          compare(into, { productId, version, active: prediction.labels, shadow: answer.labels }, random);
          metrics.compared(prediction.labels, answer.labels);
        }
        metrics.shadowed(answer === undefined ? 'failed' : 'compared', 1);
      });
    } catch (error) {
      into.failed += labelled.length;
      metrics.shadowed('failed', labelled.length);
      log.warn({ err: error, shadow: shadow.id, listings: labelled.length }, 'the shadow failed on listings; their labels are not touched');
    }
  }

  async function save(): Promise<void> {
    if (counted === undefined || !isDirty) return;
    isDirty = false;
    const { active, shadow } = counted;
    metrics.drifted(reportOf(active, shadow, [counted]).tasks);
    await store.saveComparison(comparisonName(active, shadow), id, counted).catch((error: unknown) => {
      isDirty = true;
      log.debug({ reason: describeError(error) }, 'the comparison with the shadow is not saved; tried again');
    });
  }

  const timer = setInterval(() => void save(), SAVE_EVERY_MS);
  timer.unref();
  return {
    observe(held, labelled) {
      const { shadow } = held;
      if (shadow === undefined || labelled.length === 0) return;
      if (running !== undefined) {
        countedFor(held, shadow.id).skipped += labelled.length;
        isDirty = true;
        metrics.shadowed('skipped', labelled.length);
        return;
      }
      running = held
        .keep(() => run(held, shadow, labelled))
        .finally(() => {
          running = undefined;
        });
    },
    async close() {
      clearInterval(timer);
      await running;
      await save();
    },
  };
}
