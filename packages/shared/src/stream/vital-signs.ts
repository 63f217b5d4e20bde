import type { ErrorCode } from '../errors.js';
import { LANES, type Lane } from '../events/lane.js';
import type { StreamMetrics } from './metrics.js';
import { createUtilisationMeter } from './utilisation.js';
import { createWatchdog } from './watchdog.js';

/** Whether a worker is alive, and how busy: fed by its loop, its deliveries and its retries. */
export interface VitalSigns {
  /** The loop has turned. */
  turned(inFlight: number, buffered: Readonly<Record<Lane, number>>): void;
  /** A micro-batch has moved on. */
  moved(inFlight: number): void;
  /** Something that is down was asked again. */
  retried(code: ErrorCode): void;
  /** Something that is needed was seen to be down. */
  waiting(): void;
  healthy(): boolean;
  /** Share of time with work under way, 0..1. */
  utilisation(): number;
}

export interface VitalSignsDeps {
  readonly metrics: StreamMetrics;
  readonly watchdogMs: number;
  readonly windowMs: number;
  readonly now: () => number;
}

export function createVitalSigns({ metrics, watchdogMs, windowMs, now }: VitalSignsDeps): VitalSigns {
  const watchdog = createWatchdog({ limitMs: watchdogMs, now });
  const meter = createUtilisationMeter({ windowMs, now });

  function measure(inFlight: number): void {
    meter.inFlight(inFlight);
    metrics.inFlight(inFlight);
  }

  return {
    turned(inFlight, buffered) {
      // A loop that turns while its work hangs is not alive: with work under way, only progress counts.
      if (inFlight === 0) watchdog.tick();
      measure(inFlight);
      for (const lane of LANES) metrics.buffered(lane, buffered[lane]);
    },
    moved(inFlight) {
      watchdog.tick();
      measure(inFlight);
    },
    retried(code) {
      // Waiting for an outage to end is progress too: a restart would not shorten it.
      watchdog.tick();
      metrics.retry(code);
    },
    waiting: () => watchdog.tick(),
    healthy: watchdog.healthy,
    utilisation: meter.value,
  };
}
