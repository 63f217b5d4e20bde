import type { ModalityPattern, TaskSpec } from '../bundle/manifest.js';
import type { LabelledTask, ScoredLabel } from '../events/records.js';
import { softmax } from '../tensor/math.js';

const ALTERNATIVES = 3;

/** Which modalities there are; undefined when there is neither. */
export function patternOf(hasImage: boolean, hasText: boolean): ModalityPattern | undefined {
  if (hasImage && hasText) return 'complete';
  if (hasImage) return 'imageOnly';
  return hasText ? 'textOnly' : undefined;
}

/**
 * One task's decision from its logits [C] and modality-wise attention weights (image, text): calibrated by the pattern's temperature,
 * abstained below the pattern's threshold. All values must be finite.
 */
export function decideTask(
  task: TaskSpec,
  logits: ArrayLike<number>,
  weights: readonly [number, number],
  pattern: ModalityPattern,
): LabelledTask {
  const ranked = rank(softmax(logits, task.temperature[pattern]), task.labels);
  const [best, ...others] = ranked;
  const { label, confidence } = best ?? { label: '', confidence: 0 };
  const threshold = task.threshold[pattern];
  const path = task.paths?.[label];
  const imageWeight = shareOf(weights);
  return {
    task: task.name,
    label,
    ...(path === undefined ? {} : { path }),
    confidence,
    abstained: threshold === null || confidence < threshold,
    alternatives: others,
    imageWeight,
    textWeight: 1 - imageWeight,
  };
}

/** The likeliest labels, best first; a tie goes to the label that the bundle names first. */
function rank(confidences: Float64Array, labels: readonly string[]): readonly ScoredLabel[] {
  const order = labels.map((_, index) => index).sort((a, b) => (confidences[b] ?? 0) - (confidences[a] ?? 0));
  return order.slice(0, 1 + ALTERNATIVES).map((index) => ({ label: labels[index] ?? '', confidence: confidences[index] ?? 0 }));
}

/** The image's share of the two weights, within 0..1 whatever fp32 rounding did to their sum. */
function shareOf([image, text]: readonly [number, number]): number {
  const sum = image + text;
  return sum > 0 ? Math.min(1, Math.max(0, image / sum)) : 0;
}
