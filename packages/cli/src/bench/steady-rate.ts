/** Share of the messages at the start that are not counted: joining the group, first batches, caches warming up. */
const WARM_UP_SHARE = 0.15;

/**
 * Messages per second over the `total` messages of a stream, from the end of the warm-up to the last one, by their own times. Messages of one
 * batch have one time: the batch in which the warm-up ends took its time before that, so that none of it counts.
 *
 * @param arrivals epoch milliseconds, one per message
 */
export async function steadyRate(arrivals: AsyncIterable<number>, total: number): Promise<number> {
  const warmUp = Math.floor(total * WARM_UP_SHARE);
  const times: number[] = [];
  for await (const time of arrivals) {
    times.push(time);
    if (times.length === total) break;
  }
  times.sort((a, b) => a - b);
  const from = times[warmUp] ?? 0;
  const to = times.at(-1) ?? 0;
  return (times.filter((time) => time > from).length * 1000) / Math.max(1, to - from);
}
