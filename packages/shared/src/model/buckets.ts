/** ONNX Runtime keeps a memory plan per input shape, so shapes are drawn from a few buckets. */

const LENGTH_STEP = 8;
const FEW = 8;

/** Padded lengths of a text sequence: steps of 8 (of more where that would be many), the last one `contextLength`. */
export function lengthBuckets(contextLength: number): readonly number[] {
  const step = LENGTH_STEP * Math.ceil(contextLength / (LENGTH_STEP * FEW));
  const buckets: number[] = [];
  for (let length = step; length < contextLength; length += step) buckets.push(length);
  return [...buckets, contextLength];
}

/** The smallest bucket that holds `length`; the last one where none does. */
export function bucketOf(length: number, buckets: readonly number[]): number {
  return buckets.find((bucket) => length <= bucket) ?? buckets[buckets.length - 1] ?? length;
}

/** Batch sizes that runs may have: powers of two up to `maxRunSize`. */
export function runSizes(maxRunSize: number): readonly number[] {
  const sizes: number[] = [];
  for (let size = 1; size <= maxRunSize; size *= 2) sizes.push(size);
  return sizes;
}

/** Cuts `items` into runs of those sizes, largest first: no row is padding, so none is computed in vain. */
export function splitIntoRuns<T>(items: readonly T[], maxRunSize: number): readonly (readonly T[])[] {
  const runs: (readonly T[])[] = [];
  let at = 0;
  for (const size of [...runSizes(maxRunSize)].reverse()) {
    for (; items.length - at >= size; at += size) runs.push(items.slice(at, at + size));
  }
  return runs;
}

/** Runs `compute` on `items` by bucket and run size, and puts the results back in the order of `items`. All runs are queued at once. */
export async function computeInRuns<T, R>(
  items: readonly T[],
  { bucket, maxRunSize }: { readonly bucket: (item: T) => string | number; readonly maxRunSize: number },
  compute: (run: readonly T[]) => Promise<readonly R[]>,
): Promise<R[]> {
  const places = new Map<string | number, number[]>();
  items.forEach((item, place) => {
    const key = bucket(item);
    const others = places.get(key);
    if (others === undefined) places.set(key, [place]);
    else others.push(place);
  });
  const results: R[] = new Array(items.length);
  const runs = [...places.values()].flatMap((group) => splitIntoRuns(group, maxRunSize));
  await Promise.all(
    runs.map(async (run) => {
      const computed = await compute(run.map((place) => items[place] as T));
      run.forEach((place, row) => {
        results[place] = computed[row] as R;
      });
    }),
  );
  return results;
}
