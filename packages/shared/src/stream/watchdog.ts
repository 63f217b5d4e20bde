/** Tells whether a loop is alive: somebody has to tick. */
export interface Watchdog {
  tick(): void;
  healthy(): boolean;
  sinceTickMs(): number;
}

/** Creates a watchdog that barks when nothing has ticked for `limitMs`. */
export function createWatchdog({ limitMs, now }: { readonly limitMs: number; readonly now: () => number }): Watchdog {
  let tickedMs = now();
  const sinceTickMs = () => now() - tickedMs;
  return {
    tick() {
      tickedMs = now();
    },
    sinceTickMs,
    healthy: () => sinceTickMs() < limitMs,
  };
}
