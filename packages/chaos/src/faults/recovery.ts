import { FAULT_KINDS, type FaultKind } from './kinds.js';

/** A fault that was done. */
export interface DoneFault {
  readonly kind: FaultKind;
  readonly target: string;
  /** Since the beginning of the run; `releasedAtMs`: from then on nothing stood in the way any more. */
  readonly startedAtMs: number;
  readonly releasedAtMs: number;
}

/** How long it took until no more was waiting than usual. */
export interface Recovery {
  readonly p50Seconds: number;
  readonly p95Seconds: number;
}

/** Follows the lag after faults. */
export interface RecoveryWatch {
  released(fault: DoneFault): void;
  /** The lag of all stages and lanes, or null while it cannot be asked. */
  measured(atMs: number, lag: number | null): void;
  /** By kind, of the faults that were got over. */
  byKind(): Partial<Record<FaultKind, Recovery>>;
}

/** @param calmLag up to so many messages are under way when nothing is wrong */
export function createRecoveryWatch(calmLag: number): RecoveryWatch {
  const open = new Set<DoneFault>();
  const durationsMs = new Map<FaultKind, number[]>();
  return {
    released: (fault) => void open.add(fault),
    measured(atMs, lag) {
      if (lag === null || lag > calmLag) return;
      for (const fault of open) {
        if (fault.releasedAtMs > atMs) continue;
        open.delete(fault);
        durationsMs.set(fault.kind, [...(durationsMs.get(fault.kind) ?? []), atMs - fault.releasedAtMs]);
      }
    },
    byKind() {
      const rows = FAULT_KINDS.flatMap((kind) => {
        const values = durationsMs.get(kind);
        return values === undefined ? [] : [[kind, summary(values)] as const];
      });
      return Object.fromEntries(rows);
    },
  };
}

const summary = (valuesMs: readonly number[]): Recovery => ({
  p50Seconds: seconds(quantile(valuesMs, 0.5)),
  p95Seconds: seconds(quantile(valuesMs, 0.95)),
});

const seconds = (milliseconds: number) => Math.round(milliseconds / 100) / 10;

/** The smallest value that is not below the share `q` of all; nearest rank. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
}
