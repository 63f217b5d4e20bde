/**
 * A gauge with two marks, so that whatever hangs on it does not flutter: over from above `high` until below the lower mark.
 *
 * @param value null: not known, which is never over
 */
export type Watermark = (value: number | null, high: number) => boolean;

/** Creates a watermark. `resumeShare`: the lower mark, as a share of the high one. */
export function createWatermark(resumeShare: number): Watermark {
  let isOver = false;
  return (value, high) => {
    if (value === null) isOver = false;
    else isOver = isOver ? value >= high * resumeShare : value > high;
    return isOver;
  };
}
