/** A value at a time, in seconds since the load began. */
export interface Point {
  readonly seconds: number;
  readonly value: number;
}

/** The samples of a quantity in one process, in order of time. */
export interface Series {
  /** Id of the quantity. */
  readonly quantity: string;
  /** Name of the process. */
  readonly of: string;
  readonly points: readonly Point[];
}

/** Collects samples as series. */
export interface Recorder {
  add(quantity: string, of: string, point: Point): void;
  series(): Series[];
}

export function createRecorder(): Recorder {
  const all = new Map<string, { quantity: string; of: string; points: Point[] }>();
  return {
    add(quantity, of, point) {
      const id = `${quantity} ${of}`;
      const one = all.get(id) ?? { quantity, of, points: [] };
      one.points.push(point);
      all.set(id, one);
    },
    series: () => [...all.values()],
  };
}

/**
 * At most `limit` (2 or more) of the points: the lowest and the highest of each of `limit / 2` equal stretches, so that every peak is still
 * there.
 */
export function thin(points: readonly Point[], limit: number): Point[] {
  if (points.length <= limit) return [...points];
  const stretches = Math.floor(limit / 2);
  return Array.from({ length: stretches }, (_, i) => {
    const stretch = points.slice(Math.floor((i * points.length) / stretches), Math.floor(((i + 1) * points.length) / stretches));
    const [first, ...rest] = stretch.toSorted((a, b) => a.value - b.value);
    const ends = [first, rest.at(-1)].filter((point) => point !== undefined);
    return ends.toSorted((a, b) => a.seconds - b.seconds);
  }).flat();
}
