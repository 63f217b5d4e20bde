/** While a server is away its clients say so several times a second; once in this time is enough. */
const REPEAT_AFTER_MS = 30_000;
const MAX_REMEMBERED = 100;

/** Returns what tells whether a line was shown lately; the first time counts as shown. */
export function createRepetitions(): (line: string) => boolean {
  const shownAt = new Map<string, number>();
  return (line) => {
    const now = Date.now();
    const last = shownAt.get(line);
    if (last !== undefined && now - last < REPEAT_AFTER_MS) return true;
    if (shownAt.size >= MAX_REMEMBERED) shownAt.clear();
    shownAt.set(line, now);
    return false;
  };
}
