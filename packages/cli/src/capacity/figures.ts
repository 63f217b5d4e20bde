import type { StageName } from '@labelstream/shared/stream/stage';
import type { BatchTime } from './simulation/model.js';

/** How a figure was come by. */
export type Provenance = 'measured' | 'computed' | 'assumed';

/** A number that plans and simulations rest on. */
export interface Figure {
  readonly value: number;
  readonly unit: string;
  readonly how: Provenance;
  /** What was looked at, and under which conditions. */
  readonly source: string;
}

const figure = (value: number, unit: string, how: Provenance, source: string): Figure => ({ value, unit, how, source });

const BUSY_RUN =
  'capacity measure, 24 November 2026, catalogue of fashion listings with 60 × 80 px pictures, two cores shared with much other work, where the encoder took 8.7 ms';
const QUIET_BENCH = 'time by the clock, docs/benchmarks, bench encoder: 176.9 listings/s through Kafka and Redis, one inference thread';
const WEIGHED = 'mean over the records and keys that the same run left';

/** The default bundles on one core. Everything below is for listings with one picture and a title. */
export const FIGURES = {
  /** Processor time of a listing in full micro-batches. */
  cpuMs: {
    ingest: figure(4.1, 'ms', 'measured', BUSY_RUN),
    encoder: figure(5.65, 'ms', 'measured', QUIET_BENCH),
    fusion: figure(4.6, 'ms', 'measured', BUSY_RUN),
    sink: figure(1.5, 'ms', 'measured', BUSY_RUN),
  } satisfies Record<StageName, Figure>,
  /** Of a record with its key, uncompressed, as handed to Kafka. */
  recordBytes: {
    events: figure(145, 'bytes', 'measured', WEIGHED),
    prepared: figure(326, 'bytes', 'measured', WEIGHED),
    encoded: figure(328, 'bytes', 'measured', WEIGHED),
    predicted: figure(1675, 'bytes', 'measured', WEIGHED),
    labels: figure(988, 'bytes', 'measured', WEIGHED),
  },
  recordOverheadBytes: figure(30, 'bytes', 'assumed', "lengths, deltas and headers of Kafka's record format, and a share of its batch"),
  /** Memory of a key and its value. */
  redisBytes: {
    pixels: figure(16_520, 'bytes', 'measured', 'MEMORY USAGE, mean of 100 keys; the value is 14,400 bytes'),
    imageTokens: figure(32_920, 'bytes', 'measured', 'MEMORY USAGE, mean of 100 keys; the value is 31,628 bytes: 81 tokens'),
    textTokens: figure(4878, 'bytes', 'measured', 'MEMORY USAGE, mean of 100 keys; the value is 4,256 bytes: 9.7 tokens'),
    published: figure(968, 'bytes', 'measured', 'MEMORY USAGE, mean of 100 keys; the value is 419 bytes'),
  },
  /** Stored with each listing in the token archive, before compression. */
  archiveBytes: {
    sequences: figure(35_884, 'bytes', 'measured', 'mean of 300 image and of 300 text token sequences'),
    listing: figure(328, 'bytes', 'measured', 'the record of listings.encoded'),
  },
  archiveRatio: figure(0.919, '', 'measured', 'zstd level 3 over 300 token sequences of each kind in one block'),
  archiveObjectBytes: figure(64 * 1024 * 1024, 'bytes', 'assumed', 'size at which the encoder is set to finish an object'),
  pixelLifeSeconds: figure(900, 's', 'computed', 'default of PIXEL_TTL_MS'),
  tokenLifeSeconds: figure(21_600, 's', 'computed', 'default of TOKEN_TTL_MS'),
} as const;

/** How long batches take beside their computing, on a machine that is not overloaded: what `simulate` begins with. */
const WAITING: Readonly<Record<StageName, Pick<BatchTime, 'waitMs' | 'carryOutMs' | 'fetchMs'>>> = {
  ingest: { waitMs: 5, carryOutMs: 3, fetchMs: 10 },
  encoder: { waitMs: 3, carryOutMs: 3, fetchMs: 5 },
  fusion: { waitMs: 3, carryOutMs: 3, fetchMs: 5 },
  // A transaction: 51 a second one after the other on a quiet machine.
  sink: { waitMs: 2, carryOutMs: 21, fetchMs: 5 },
};
const SPREAD = 0.25;

/** The time model of a stage where nothing was measured by the user; waiting and spread are assumed. */
export const timeOf = (stage: StageName): BatchTime => ({
  fixedMs: 0,
  perListingMs: FIGURES.cpuMs[stage].value,
  spread: SPREAD,
  ...WAITING[stage],
});
