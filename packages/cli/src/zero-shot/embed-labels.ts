import { fill } from './templates.js';

export interface EmbedLabelsDeps {
  readonly templates: readonly string[];
  /** Projected embeddings [embeddingWidth] of texts, in their order. */
  readonly embed: (texts: readonly string[]) => Promise<readonly Float32Array[]>;
  readonly onProgress: (done: number, total: number) => void;
  readonly signal: AbortSignal;
}

/** Labels between two looks at the signal. */
const CHUNK = 64;

/**
 * One unit vector per name: each template's embedding at unit length, averaged, at unit length again. A name that occurs several times is
 * computed once.
 */
export async function embedLabels(names: readonly string[], deps: EmbedLabelsDeps): Promise<readonly Float32Array[]> {
  const { templates, embed, onProgress, signal } = deps;
  const distinct = [...new Set(names)];
  const vectors = new Map<string, Float32Array>();
  for (let at = 0; at < distinct.length; at += CHUNK) {
    signal.throwIfAborted();
    const chunk = distinct.slice(at, at + CHUNK);
    const embedded = await embed(chunk.flatMap((name) => templates.map((template) => fill(template, name))));
    chunk.forEach((name, place) => {
      vectors.set(name, average(embedded.slice(place * templates.length, (place + 1) * templates.length)));
    });
    onProgress(at + chunk.length, distinct.length);
  }
  return names.map((name) => vectors.get(name) ?? new Float32Array());
}

function average(vectors: readonly Float32Array[]): Float32Array {
  const units = vectors.map(unit);
  const [first = new Float32Array()] = units;
  return unit(first.map((_, at) => units.reduce((sum, vector) => sum + (vector[at] ?? 0), 0)));
}

/** At unit length; as it is where it has no length. */
export function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return length > 0 ? vector.map((value) => value / length) : vector;
}
