const MOST = 16;

/** Remembers what was found for the last few keys. A failure is forgotten, and is that of whoever asked first: others try for themselves. */
export function rememberLast<K, T>(
  keyOf: (of: K) => string,
  find: (of: K, signal: AbortSignal) => Promise<T>,
): (of: K, signal: AbortSignal) => Promise<T> {
  const found = new Map<string, Promise<T>>();
  return (of, signal) => {
    const key = keyOf(of);
    const known = found.get(key);
    if (known !== undefined) return known.catch(() => find(of, signal));
    const finding = find(of, signal);
    found.set(key, finding);
    finding.catch(() => found.delete(key));
    const oldest = found.keys().next().value;
    if (found.size > MOST && oldest !== undefined) found.delete(oldest);
    return finding;
  };
}
