import type { GoldenCase } from '@labelstream/shared/bundle/golden';
import { unit } from './embed-labels.js';
import type { ZeroShotHead } from './head-graph.js';

/** Leading values of an output that are kept. */
const KEPT = 400;
/** Image there, text there. */
const PATTERNS = [
  [1, 1],
  [1, 0],
  [0, 1],
  [0, 0],
] as const;

/** Test cases of the head, computed here without the graph: both modalities, either, none. */
export function goldenCases(head: ZeroShotHead): GoldenCase[] {
  const width = head.embeddingWidth;
  return PATTERNS.map(([image, text], at) => {
    const vectors = { image: wave(width, 2 * at + 1), text: wave(width, 2 * at + 2) };
    const sum = vectors.image.map((value, index) => image * value + text * (vectors.text[index] ?? 0));
    const embedding = unit(sum);
    const logits = head.labels.map(
      (label) => head.scale * label.reduce((total, value, index) => total + value * (embedding[index] ?? 0), 0),
    );
    const share = 1 / Math.max(1, image + text);
    return {
      graph: 'fusion',
      inputs: {
        image_tokens: { type: 'float32', dims: [1, 1, width], data: [...vectors.image] },
        image_mask: { type: 'float32', dims: [1, 1], data: [image] },
        text_tokens: { type: 'float32', dims: [1, 1, width], data: [...vectors.text] },
        text_mask: { type: 'float32', dims: [1, 1], data: [text] },
      },
      outputs: {
        [`logits_${head.task}`]: { dims: [1, logits.length], data: logits.slice(0, KEPT) },
        modality_weights: { dims: [1, 1, 2], data: [image * share, text * share] },
        embedding: { dims: [1, width], data: [...embedding].slice(0, KEPT) },
      },
    };
  });
}

/** Any unit vector, another for each seed. */
const wave = (width: number, seed: number) => unit(Float32Array.from({ length: width }, (_, at) => Math.sin(seed * (at + 1) ** 1.5)));
