/** The share of time in which at least one micro-batch was under way. */
export interface UtilisationMeter {
  /** Number of micro-batches under way, whenever it changes. */
  inFlight(batches: number): void;
  /** 0..1 over the last full window (or, in the first window, since the start). */
  value(): number;
}

/** Creates a meter with a window of `windowMs`. */
export function createUtilisationMeter({ windowMs, now }: { readonly windowMs: number; readonly now: () => number }): UtilisationMeter {
  let windowStartMs = now();
  let busyMs = 0;
  let busySinceMs: number | null = null;
  let lastWindow: number | null = null;

  function turnWindow(): void {
    const at = now();
    if (at - windowStartMs < windowMs) return;
    lastWindow = busyUntil(at) / (at - windowStartMs);
    windowStartMs = at;
    busyMs = 0;
    if (busySinceMs !== null) busySinceMs = at;
  }

  const busyUntil = (at: number) => busyMs + (busySinceMs === null ? 0 : at - busySinceMs);

  return {
    inFlight(batches) {
      turnWindow();
      if (batches > 0) busySinceMs ??= now();
      if (batches > 0 || busySinceMs === null) return;
      busyMs += now() - busySinceMs;
      busySinceMs = null;
    },
    value() {
      turnWindow();
      const elapsedMs = now() - windowStartMs;
      return lastWindow ?? (elapsedMs > 0 ? busyUntil(now()) / elapsedMs : 0);
    },
  };
}
