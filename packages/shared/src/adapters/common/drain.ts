import { within } from '../common/within.js';

/**
 * Runs `drain`, but no longer than `deadlineMs` and never failing: partitions are given up whatever becomes of the work under way.
 * Returns what went wrong, if anything.
 */
export async function drainWithin(drain: () => Promise<void>, deadlineMs: number): Promise<unknown> {
  try {
    await within(deadlineMs, 'work under way', drain());
    return undefined;
  } catch (error) {
    return error;
  }
}
