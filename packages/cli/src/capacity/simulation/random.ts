/** A stream of pseudo-random numbers; the same seed gives the same numbers on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Exponential with this mean: the time between two arrivals of a Poisson stream. */
  exponential(mean: number): number;
  /**
   * Gamma with mean 1 and this coefficient of variation (standard deviation over mean): 0 is always 1, 1 is the exponential distribution.
   * Drawn as Marsaglia and Tsang (2000), "A simple method for generating gamma variables".
   */
  spread(coefficientOfVariation: number): number;
}

/** Draws of which each has its own stream, so that changing one leaves the others as they were. */
export type RandomPurpose = 'arrivals' | 'partitions' | 'service';

const PURPOSES: Readonly<Record<RandomPurpose, number>> = { arrivals: 1, partitions: 2, service: 3 };
const TWO_POW_32 = 2 ** 32;

/** Creates the stream of a purpose under a seed (any whole number). */
export function createRandom(seed: number, purpose: RandomPurpose): Random {
  const uniform = splitMix(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(PURPOSES[purpose], 0xc2b2ae35));
  const exponential = (mean: number) => -mean * Math.log1p(-uniform());

  /** Box and Muller; the second value is let go, so that a draw depends on nothing before it but the stream. */
  const normal = () => Math.sqrt(-2 * Math.log1p(-uniform())) * Math.cos(2 * Math.PI * uniform());

  /** Gamma(shape, 1) for shape >= 1. */
  function gamma(shape: number): number {
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log1p(-uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  }

  return {
    uniform,
    exponential,
    spread(coefficientOfVariation) {
      if (coefficientOfVariation === 0) return 1;
      if (coefficientOfVariation === 1) return exponential(1);
      const shape = 1 / coefficientOfVariation ** 2;
      // Below 1 the method needs the shape raised by one, and takes the surplus away by a power of a uniform draw.
      const drawn = shape >= 1 ? gamma(shape) : gamma(shape + 1) * (1 - uniform()) ** (1 / shape);
      return drawn / shape;
    },
  };
}

/** SplitMix with 32 bits of state: a counter whose bits are stirred. */
function splitMix(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / TWO_POW_32;
  };
}
