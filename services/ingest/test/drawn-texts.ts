/** What texts are drawn from; see `random_texts.py` of the training package. */
export interface Recipe {
  readonly seed: number;
  readonly count: number;
  /** Every so many texts one is long, and has so many parts more. */
  readonly longEvery: number;
  readonly longParts: number;
  /** First and last code point. */
  readonly ranges: readonly (readonly [number, number])[];
  readonly pieces: readonly string[];
  readonly separators: readonly string[];
}

/** Draws the same texts as the training package, by the same linear congruential generator. */
export function drawTexts({ seed, count, longEvery, longParts, ranges, pieces, separators }: Recipe): string[] {
  let state = seed;
  const below = (limit: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % limit;
  };
  const part = () => {
    if (below(3) === 0) return pieces[below(pieces.length)]!;
    const [first, last] = ranges[below(ranges.length)]!;
    return Array.from({ length: 1 + below(9) }, () => String.fromCodePoint(first + below(last - first + 1))).join('');
  };
  return Array.from({ length: count }, (_, place) => {
    const parts = 1 + below(12) + (place % longEvery === longEvery - 1 ? longParts : 0);
    return Array.from({ length: parts }, () => part() + separators[below(separators.length)]!).join('');
  });
}
