/**
 * Runs `drain`, but no longer than `deadlineMs` and never failing: partitions are given up whatever becomes of the work under way.
 * Returns what went wrong, if anything.
 */
export async function drainWithin(drain: () => Promise<void>, deadlineMs: number): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Error>((resolve) => {
    timer = setTimeout(() => resolve(new Error(`work under way did not end within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    return await Promise.race([drain(), late]);
  } catch (error) {
    return error;
  } finally {
    clearTimeout(timer);
  }
}
