/** Softmax of `logits / temperature` in double precision; sums to 1. All logits must be finite. */
export function softmax(logits: ArrayLike<number>, temperature = 1): Float64Array {
  let top = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < logits.length; at++) top = Math.max(top, logits[at] as number);
  const out = new Float64Array(logits.length);
  let sum = 0;
  for (let at = 0; at < out.length; at++) {
    const value = Math.exp(((logits[at] as number) - top) / temperature);
    out[at] = value;
    sum += value;
  }
  for (let at = 0; at < out.length; at++) out[at] = (out[at] as number) / sum;
  return out;
}

/** Euclidean length. */
export function length(vector: Float32Array): number {
  return Math.sqrt(dot(vector, vector));
}

/** Cosine similarity within -1..1; 0 where a vector has no length. */
export function cosine(a: Float32Array, b: Float32Array): number {
  const scale = length(a) * length(b);
  return scale > 0 ? Math.min(1, Math.max(-1, dot(a, b) / scale)) : 0;
}

/** Whether no value is NaN or infinite. */
export function allFinite(values: Float32Array): boolean {
  // One NaN or infinity makes the sum of zero products NaN.
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += (values[at] as number) * 0;
  return sum === 0;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at] as number) * (b[at] as number);
  return sum;
}
