import type { OnnxGraph, OnnxNode } from './onnx-model.js';

export interface ZeroShotHead {
  readonly task: string;
  /** One unit vector [embeddingWidth] per label. */
  readonly labels: readonly Float32Array[];
  readonly embeddingWidth: number;
  /** What cosines are multiplied with. */
  readonly scale: number;
}

/** A vector shorter than this has no direction. */
const LEAST_LENGTH = 1e-6;

/**
 * The head of CLIP zero-shot (Radford et al. 2021): the unit-length sum of the CLIP embeddings that are there, compared with every label's.
 *
 * `image_tokens` and `text_tokens` f32 [B,N,E], of which the first token counts, and their masks f32 [B,N] -> `logits_<task>` f32 [B,C],
 * scale times the cosines; `modality_weights` f32 [B,1,2], equal for what is there; `embedding` f32 [B,E], zeros where nothing is there.
 */
export function zeroShotGraph({ task, labels, embeddingWidth, scale }: ZeroShotHead): OnnxGraph {
  const logits = `logits_${task}`;
  return {
    name: 'zero-shot',
    nodes: [
      ...modality('image'),
      ...modality('text'),
      node('Add', ['image_unit', 'text_unit'], 'sum'),
      ...unitLength('sum', 'embedding'),
      node('MatMul', ['embedding', 'labels'], logits),
      node('Concat', ['image_there', 'text_there'], 'there', { axis: 1 }),
      node('ReduceSum', ['there', 'axis_1'], 'count', { keepdims: 1 }),
      node('Max', ['count', 'one'], 'least_count'),
      node('Div', ['there', 'least_count'], 'weights'),
      node('Unsqueeze', ['weights', 'axis_1'], 'modality_weights'),
    ],
    constants: [
      { name: 'labels', dims: [embeddingWidth, labels.length], data: columns(labels, embeddingWidth, scale) },
      { name: 'first', dims: [], data: BigInt64Array.of(0n) },
      { name: 'axis_1', dims: [1], data: BigInt64Array.of(1n) },
      { name: 'nothing', dims: [], data: Float32Array.of(0) },
      { name: 'one', dims: [], data: Float32Array.of(1) },
      { name: 'least_length', dims: [], data: Float32Array.of(LEAST_LENGTH) },
    ],
    inputs: (['image', 'text'] as const).flatMap((name) => [
      { name: `${name}_tokens`, dims: ['batch', `${name}_length`, embeddingWidth] },
      { name: `${name}_mask`, dims: ['batch', `${name}_length`] },
    ]),
    outputs: [
      { name: logits, dims: ['batch', labels.length] },
      { name: 'modality_weights', dims: ['batch', 1, 2] },
      { name: 'embedding', dims: ['batch', embeddingWidth] },
    ],
  };
}

const node = (op: string, inputs: readonly string[], output: string, attributes: OnnxNode['attributes'] = {}): OnnxNode => ({
  op,
  inputs,
  output,
  attributes,
});

/** `<name>_there` [B,1]: whether the modality is there; `<name>_unit` [B,E]: its embedding at unit length, or zeros. */
function modality(name: 'image' | 'text'): OnnxNode[] {
  return [
    node('Gather', [`${name}_mask`, 'first'], `${name}_flag`, { axis: 1 }),
    node('Unsqueeze', [`${name}_flag`, 'axis_1'], `${name}_there`),
    node('Greater', [`${name}_there`, 'nothing'], `${name}_is_there`),
    node('Gather', [`${name}_tokens`, 'first'], `${name}_first`, { axis: 1 }),
    // Whatever stands in a masked place, NaN included, must not reach the sum.
    node('Where', [`${name}_is_there`, `${name}_first`, 'nothing'], `${name}_kept`),
    ...unitLength(`${name}_kept`, `${name}_unit`),
  ];
}

function unitLength(from: string, to: string): OnnxNode[] {
  return [
    node('ReduceL2', [from], `${from}_length`, { axes: [1], keepdims: 1 }),
    node('Max', [`${from}_length`, 'least_length'], `${from}_divisor`),
    node('Div', [from, `${from}_divisor`], to),
  ];
}

/** Scaled label vectors as the columns of a matrix [E,C]. */
function columns(labels: readonly Float32Array[], width: number, scale: number): Float32Array {
  const matrix = new Float32Array(width * labels.length);
  labels.forEach((vector, column) => {
    for (let row = 0; row < width; row++) matrix[row * labels.length + column] = scale * (vector[row] ?? 0);
  });
  return matrix;
}
