/** Plain data, as it is stored with a job. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** A part of a backfill that one job does: never a single listing. Plain data: enough to do the part again after a crash, and no more. */
export interface BackfillRange {
  /** Position among the ranges of the backfill, from 0. */
  readonly ordinal: number;
  /** For people: `catalogue.csv, bytes 0 to 8388607`. */
  readonly name: string;
  /** Rows in it, as far as they are known before it is read. */
  readonly estimatedRows?: number;
  /** Where it lies; only the kind of backfill that planned it understands it. */
  readonly where: Json;
}

/** A row that cannot be sent. It is counted and reported; the backfill goes on until there are too many. */
export interface RowError {
  /** File, object or topic. */
  readonly origin: string;
  /** Line (text), row (Parquet, Avro) or offset (topic); 1 is the first line or row. */
  readonly position: number;
  readonly code: string;
  readonly message: string;
}

/** What a range is run with. */
export interface RangeContext {
  /** Rows from the start of the range that an earlier attempt has dealt with durably: they are read and passed over. */
  readonly rowsDone: number;
  /** Resolves when `count` more rows may be sent: flow control, `--rate`. Rejects with the reason of `signal`. */
  admit(count: number): Promise<void>;
  /** The first `rowsDone` rows of the range, of which `sent` became a message since the last call, are dealt with durably. */
  checkpoint(progress: { readonly rowsDone: number; readonly sent: number }): Promise<void>;
  /** Records a row that cannot be sent. Rejects when the backfill has more of them than it may. */
  rowError(error: RowError): Promise<void>;
  /**
   * Aborts when the backfill is paused or cancelled, has too many row errors, has to make room for another one, or the process has to end.
   * `run` then rejects soon; the range goes on later from its last checkpoint.
   */
  readonly signal: AbortSignal;
}

/** How much a backfill would send. */
export interface Survey {
  readonly ranges: number;
  /** Rows to be sent, those among them that turn out not to be sendable included. */
  readonly rows: number;
}

/** A backfill of some kind, opened: its source was found and checked. */
export interface OpenBackfill {
  /** The ranges, in order. The same source gives the same ranges. */
  plan(): AsyncIterable<BackfillRange>;
  /** Sends what is in a range, in order. May be called again for the same range, also in another process. */
  run(range: BackfillRange, context: RangeContext): Promise<void>;
  /** Counts exactly what would be sent, reading as much as that takes. Absent: the estimates of the plan are the best there is. */
  survey?(): Promise<Survey>;
  close(): Promise<void>;
}

/** One way to fill the backfill lane: from listings (`product.events.backfill`), or from archived tokens (`listings.encoded.backfill`). */
export interface BackfillKind {
  /**
   * Opens what `spec` names and checks it, before anything is sent.
   *
   * @param spec plain data as the command line made it, stored with the backfill
   * @throws SOURCE_INVALID with what is wrong and what to do
   */
  open(spec: Json, signal: AbortSignal): Promise<OpenBackfill>;
}
