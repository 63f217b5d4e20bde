/** When a circuit opens, and for how long. */
export interface CircuitSettings {
  /** Failures in a row that open it. */
  readonly maxFailures: number;
  /** How long it stays open the first time; each failed trial doubles that. */
  readonly openMs: number;
  readonly maxOpenMs: number;
  /** Uniform in [0, 1): many processes must not come back at the same moment. */
  readonly random: () => number;
}

/** `closed`: all may pass. `open`: nobody. `half-open`: one may try whether it is over. */
export type CircuitState = 'closed' | 'open' | 'half-open';

/** One attempt that was let through; tells once what became of it. */
export interface Attempt {
  succeeded(): void;
  /**
   * Returns whether that has opened the circuit.
   *
   * @param retryAfterMs how long the other side asks to be left alone, which opens it at once
   */
  failed(nowMs: number, retryAfterMs?: number): boolean;
  /** It says nothing about the other side. */
  ended(): void;
}

/** A circuit breaker: whoever keeps failing is not asked for a while, and then by one first. */
export interface Circuit {
  /** Milliseconds until an attempt may pass; 0: now. */
  waitMs(nowMs: number): number;
  /** An attempt that may pass; null when none may now. */
  begin(nowMs: number): Attempt | null;
  state(nowMs: number): CircuitState;
  /** Whether nothing would be lost by forgetting it. */
  isFresh(): boolean;
}

/** Creates a closed circuit. Pure: whoever asks brings the time. */
export function createCircuit({ maxFailures, openMs, maxOpenMs, random }: CircuitSettings): Circuit {
  let failures = 0;
  /** Times that it opened since it was closed. */
  let openings = 0;
  let openUntilMs = 0;
  let onTrial = false;
  /** Counts changes of state: what an attempt of an earlier one tells comes too late. */
  let era = 0;

  /** Between half and all of the time, but never less than what was asked for. */
  function open(nowMs: number, askedMs: number): void {
    const fullMs = Math.min(maxOpenMs, openMs * 2 ** Math.min(openings, 30));
    const jitteredMs = fullMs * (0.5 + random() / 2);
    const wantedMs = Math.min(askedMs, maxOpenMs);
    openUntilMs = nowMs + Math.ceil(Math.max(jitteredMs, wantedMs === 0 ? 0 : wantedMs * (1 + random() / 10)));
    openings += 1;
    onTrial = false;
    era += 1;
  }

  function close(): void {
    failures = 0;
    if (openings === 0) return;
    openings = 0;
    openUntilMs = 0;
    onTrial = false;
    era += 1;
  }

  function attempt(): Attempt {
    const begun = era;
    return {
      succeeded() {
        if (begun === era) close();
      },
      failed(nowMs, retryAfterMs = 0) {
        if (begun !== era) return false;
        failures += 1;
        const opens = openings > 0 || failures >= maxFailures || retryAfterMs > 0;
        if (opens) open(nowMs, retryAfterMs);
        return opens;
      },
      ended() {
        if (begun === era) onTrial = false;
      },
    };
  }

  function waitMs(nowMs: number): number {
    if (openings === 0) return 0;
    // While one tries, the others wait for about as long as its failure would make them.
    return onTrial ? openMs : Math.max(0, openUntilMs - nowMs);
  }

  return {
    waitMs,
    begin(nowMs) {
      if (waitMs(nowMs) > 0) return null;
      if (openings > 0) onTrial = true;
      return attempt();
    },
    state: (nowMs) => (openings === 0 ? 'closed' : nowMs < openUntilMs ? 'open' : 'half-open'),
    isFresh: () => openings === 0 && failures === 0,
  };
}
