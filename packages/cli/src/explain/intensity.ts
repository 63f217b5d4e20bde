/** What the numbers of a map are. */
export interface MapScale {
  /** From here on a patch is coloured. */
  readonly base: number;
  /** Least value that has the full colour: below it all maps stay pale, so that noise does not look like an answer. */
  readonly leastTop: number;
}

/** The value of full colour: the greatest of all maps, so that words can be compared with each other. */
export function topOf(maps: readonly ArrayLike<number>[], { leastTop }: MapScale): number {
  return maps.reduce((top, map) => Math.max(top, peakOf(map).value), leastTop);
}

/** 0..1 between the scale's base and `top`. */
export function intensities(map: ArrayLike<number>, { base }: MapScale, top: number): Float32Array {
  return Float32Array.from(map, (value) => Math.min(1, Math.max(0, (value - base) / (top - base))));
}

/** The greatest value of a map and where it is. */
export function peakOf(map: ArrayLike<number>): { readonly patch: number; readonly value: number } {
  let patch = 0;
  for (let at = 1; at < map.length; at++) if ((map[at] as number) > (map[patch] as number)) patch = at;
  return { patch, value: map[patch] ?? 0 };
}

/** Shares of attention as multiples of an even spread over all patches. */
export function lifts(shares: ArrayLike<number>): Float32Array {
  const sum = Array.from(shares).reduce((total, share) => total + share, 0);
  return Float32Array.from(shares, (share) => (sum > 0 ? (share / sum) * shares.length : 0));
}
