import type { ModalityPattern, TaskSpec } from '../bundle/manifest.js';
import type { Category, LabelledTask } from '../events/records.js';
import { softmax } from '../tensor/math.js';
import { type Candidate, createWalk } from './walk.js';

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
export type Decision = (logits: ArrayLike<number>, weights: readonly [number, number], pattern: ModalityPattern) => LabelledTask;

/** What was chosen among the labels, by index. */
interface Choice extends Candidate {
  readonly abstained: boolean;
  readonly others: readonly Candidate[];
}

type Choose = (logits: ArrayLike<number>, temperature: number, threshold: number | null) => Choice;

/** How a task of a bundle decides: for the likeliest label, or by a walk down the taxonomy of its labels. */
export function createDecision(task: TaskSpec): Decision {
  const choose = task.walk === undefined ? chooseLikeliest : chooseByWalk(task, task.walk.beam);
  const label = (index: number) => task.labels[index] ?? '';
  const paths = new Map(Object.entries(task.paths ?? {}));
  const categories = categoriesOf(task);
  return (logits, weights, pattern) => {
    const { index, confidence, abstained, others } = choose(logits, task.temperature[pattern], task.threshold[pattern]);
    const path = paths.get(label(index));
    const category = categories.get(label(index));
    const imageWeight = shareOf(weights);
    return {
      task: task.name,
      label: label(index),
      ...(path === undefined ? {} : { path }),
      ...(category === undefined ? {} : { category }),
      confidence,
      abstained,
      alternatives: others.map((other) => ({ label: label(other.index), confidence: other.confidence })),
      imageWeight,
      textWeight: 1 - imageWeight,
    };
  };
}

/** A tie goes to the label that the bundle names first. */
const chooseLikeliest: Choose = (logits, temperature, threshold) => {
  const [best = { index: 0, confidence: 0 }, ...others] = likeliest(softmax(logits, temperature), 1 + ALTERNATIVES);
  return { ...best, abstained: threshold === null || best.confidence < threshold, others };
};

function chooseByWalk(task: TaskSpec, beam: number): Choose {
  const walk = createWalk(task, beam);
  return (logits, temperature, threshold) => {
    const { index, confidence, reached, ends } = walk(logits, temperature, threshold);
    return { index, confidence, abstained: !reached, others: ends.filter((end) => end.index !== index).slice(0, ALTERNATIVES) };
  };
}

/** The `count` largest values, largest first. One pass: a label set may have thousands of labels. */
function likeliest(confidences: Float64Array, count: number): Candidate[] {
  const kept: Candidate[] = [];
  confidences.forEach((confidence, index) => {
    if (kept.length === count && confidence <= (kept[count - 1]?.confidence ?? 0)) return;
    const place = kept.findIndex((other) => other.confidence < confidence);
    kept.splice(place < 0 ? kept.length : place, 0, { index, confidence });
    if (kept.length > count) kept.pop();
  });
  return kept;
}

function categoriesOf({ category }: TaskSpec): ReadonlyMap<string, Category> {
  if (category === undefined) return new Map();
  const { taxonomy, byLabel } = category;
  return new Map(Object.entries(byLabel).map(([label, found]) => [label, { taxonomy, ...found }]));
}

/** The image's share of the two weights, within 0..1 whatever fp32 rounding did to their sum. */
function shareOf([image, text]: readonly [number, number]): number {
  const sum = image + text;
  return sum > 0 ? Math.min(1, Math.max(0, image / sum)) : 0;
}
