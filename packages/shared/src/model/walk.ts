import type { TaskSpec } from '../bundle/manifest.js';

/** A category and how likely it is that the listing belongs there, or further down. */
export interface Candidate {
  readonly index: number;
  readonly confidence: number;
}

/** What a walk down a taxonomy found. */
export interface Walked extends Candidate {
  /** Whether the category's confidence reaches the threshold. */
  readonly reached: boolean;
  /** The ends of all paths that the beam kept, likeliest first. */
  readonly ends: readonly Candidate[];
}

/**
 * Walks from the root. One logit per label, calibrated by `temperature`; `threshold` null is never reached. Returns the deepest category
 * of the best path whose confidence reaches the threshold, or the first one of that path where none does.
 */
export type Walk = (logits: ArrayLike<number>, temperature: number, threshold: number | null) => Walked;

/** Category indices. */
interface Tree {
  readonly roots: readonly number[];
  readonly children: readonly (readonly number[])[];
  /** Index of the category above; -1 at the root. */
  readonly parents: Int32Array;
  /** Every category before the one above it. */
  readonly bottomUp: Int32Array;
  /** Categories at or below each. */
  readonly sizes: Float64Array;
}

/** Scores further below the best one than this count as this: exp() of less is 0, and a branch of zeros cannot be divided. */
const LEAST_SCORE = -700;

/**
 * Builds the walk of a taxonomy whose labels all have a path, parents included (the manifest's check sees to that).
 *
 * A category counts as much as the *mean* of exp(score) over itself and everything below it: names high up ("Hardware") say little to a
 * text tower and lead astray, and with the sum instead of the mean a branch would win by its number of categories.
 */
export function createWalk({ labels, paths = {} }: Pick<TaskSpec, 'labels' | 'paths'>, beam: number): Walk {
  const byLabel = new Map(Object.entries(paths));
  const tree = buildTree(labels.map((label) => byLabel.get(label) ?? []));
  return (logits, temperature, threshold) => {
    const strengths = meanStrengths(logits, temperature, tree);
    const confidences = new Float64Array(logits.length);
    const ends = findEnds(strengths, tree, { beam, confidences });
    const best = pathTo(ends[0]?.index ?? 0, tree);
    // Confidence only falls on the way down.
    const reaching = threshold === null ? [] : best.filter((index) => (confidences[index] ?? 0) >= threshold);
    const index = reaching.at(-1) ?? best[0] ?? 0;
    return { index, confidence: confidences[index] ?? 0, reached: reaching.length > 0, ends };
  };
}

function buildTree(paths: readonly (readonly string[])[]): Tree {
  const places = new Map(paths.map((path, index) => [JSON.stringify(path), index]));
  const parents = Int32Array.from(paths, (path) => places.get(JSON.stringify(path.slice(0, -1))) ?? -1);
  const children: number[][] = paths.map(() => []);
  const roots: number[] = [];
  parents.forEach((parent, index) => {
    (children[parent] ?? roots).push(index);
  });
  const depth = (index: number) => paths[index]?.length ?? 0;
  const bottomUp = Int32Array.from(paths.keys()).sort((a, b) => depth(b) - depth(a));
  const sizes = new Float64Array(paths.length).fill(1);
  addUp(sizes, { parents, bottomUp });
  return { roots, children, parents, bottomUp, sizes };
}

/** Adds the value of every category to all that are above it. */
function addUp(values: Float64Array, { parents, bottomUp }: Pick<Tree, 'parents' | 'bottomUp'>): void {
  for (let at = 0; at < bottomUp.length; at++) {
    const index = bottomUp[at] as number;
    const parent = parents[index] as number;
    if (parent >= 0) values[parent] = (values[parent] as number) + (values[index] as number);
  }
}

/** Loops, because thousands of categories are looked at for every listing. */
function meanStrengths(logits: ArrayLike<number>, temperature: number, tree: Tree): Float64Array {
  let top = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < logits.length; at++) top = Math.max(top, logits[at] as number);
  const strengths = new Float64Array(logits.length);
  for (let at = 0; at < logits.length; at++) strengths[at] = Math.exp(Math.max(((logits[at] as number) - top) / temperature, LEAST_SCORE));
  addUp(strengths, tree);
  for (let at = 0; at < strengths.length; at++) strengths[at] = (strengths[at] as number) / (tree.sizes[at] as number);
  return strengths;
}

/** Keeps the `beam` likeliest categories of each level; fills in the confidence of all that were looked at. */
function findEnds(
  strengths: Float64Array,
  { roots, children }: Tree,
  { beam, confidences }: { beam: number; confidences: Float64Array },
): Candidate[] {
  const ends: Candidate[] = [];
  const confidenceBelow = (siblings: readonly number[], above: number): Candidate[] => {
    const sum = siblings.reduce((total, index) => total + (strengths[index] ?? 0), 0);
    return siblings.map((index) => {
      const confidence = (above * (strengths[index] ?? 0)) / sum;
      confidences[index] = confidence;
      return { index, confidence };
    });
  };
  let level = confidenceBelow(roots, 1);
  while (level.length > 0) {
    const kept = level.sort(likelierFirst).slice(0, beam);
    ends.push(...kept.filter(({ index }) => children[index]?.length === 0));
    level = kept.flatMap(({ index, confidence }) => confidenceBelow(children[index] ?? [], confidence));
  }
  return ends.sort(likelierFirst);
}

const likelierFirst = (a: Candidate, b: Candidate) => b.confidence - a.confidence || a.index - b.index;

/** From the root. */
function pathTo(index: number, { parents }: Tree): number[] {
  const path = [index];
  for (let at = parents[index] ?? -1; at >= 0; at = parents[at] ?? -1) path.push(at);
  return path.reverse();
}
