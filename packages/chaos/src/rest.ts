/** Quiet so many times in a row: what was just between two topics is not taken for rest. */
const QUIET_POLLS = 4;
const POLL_MS = 500;

export interface RestDeps {
  /** Messages and retries that wait; null while it cannot be asked. */
  readonly waiting: () => Promise<number | null>;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly now: () => number;
}

/** Resolves with the time at which everything had come to rest, or null when it did not within `deadlineMs`. */
export async function untilRest(deadlineMs: number, { waiting, sleep, now }: RestDeps): Promise<number | null> {
  const endsAt = now() + deadlineMs;
  let quietSince: number | null = null;
  let quietPolls = 0;
  while (now() < endsAt) {
    const at = now();
    const isQuiet = (await waiting()) === 0;
    quietPolls = isQuiet ? quietPolls + 1 : 0;
    quietSince = isQuiet ? (quietSince ?? at) : null;
    if (quietPolls >= QUIET_POLLS) return quietSince;
    await sleep(POLL_MS);
  }
  return null;
}
