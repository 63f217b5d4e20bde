import type { Logger } from 'pino';
import type { CliConfig } from '../config.js';

/** What every bench works with. */
export interface BenchOptions {
  readonly config: CliConfig;
  /** Threads within one operator. */
  readonly threads: number;
  /** About how long each stretch is measured. */
  readonly seconds: number;
  /** Live listings a second beside the backfill. */
  readonly liveRate: number;
  readonly seed: number;
  readonly log: (line: string) => void;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Figures, and what they say in a line or two. */
export interface BenchResult {
  readonly report: object;
  readonly lines: readonly string[];
}

/** Measures one thing; figures are ratios within one run. */
export type Bench = (options: BenchOptions) => Promise<BenchResult>;
