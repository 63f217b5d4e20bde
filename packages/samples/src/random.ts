/** Deterministic random numbers: the same seed draws the same catalogue on every machine. */
export interface Random {
  /** Next float in [0, 1). */
  next(): number;
  /** Uniform float in [low, high). */
  between(low: number, high: number): number;
  /** Uniform integer in [0, count). */
  index(count: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One item of a non-empty list. */
  pick<T>(items: readonly [T, ...T[]]): T;
  /** A new order of the items; the list given stays as it is. */
  shuffle<T>(items: readonly T[]): T[];
}

/**
 * Mulberry32, the 32-bit generator Tommy Ettinger put into the public domain in 2017: one add, two multiply-xorshift
 * rounds, period 2^32. Enough for drawing pictures; not for anything secret.
 */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** 32-bit FNV-1a hash of a text's UTF-16 code units; names a stream of random numbers or spreads titles over splits. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Random numbers of a seed and a name; streams of different names do not disturb each other. */
export function createRandom(seed: number, name = ''): Random {
  const next = mulberry32(hashText(`${seed}:${name}`));
  const index = (count: number): number => Math.floor(next() * count);
  return {
    next,
    index,
    between: (low, high) => low + (high - low) * next(),
    chance: (probability) => next() < probability,
    pick: (items) => items[index(items.length)] ?? items[0],
    shuffle: (items) => {
      const order = items.map((item) => ({ item, place: next() }));
      return order.sort((a, b) => a.place - b.place).map(({ item }) => item);
    },
  };
}
