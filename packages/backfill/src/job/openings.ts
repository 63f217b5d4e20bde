import { LabelstreamError } from '@labelstream/shared/errors';
import type { BackfillKind, OpenBackfill } from '../kind.js';
import type { Backfill, BackfillFrom } from './backfill.js';

/** The kinds of backfill that a process can work on. */
export type BackfillKinds = Readonly<Partial<Record<BackfillFrom, BackfillKind>>>;

/** Opened backfills of one process: a source is found and checked once, not for every range. */
export interface Openings {
  /** Throws as the kind does; the next call then tries again. */
  open(backfill: Backfill): Promise<OpenBackfill>;
  /** Those that are open or being opened. */
  opened(): readonly Backfill[];
  /** Closes all others. */
  keepOnly(ids: ReadonlySet<string>): Promise<void>;
  close(): Promise<void>;
}

/** Creates the openings; `signal` ends those that are under way. */
export function createOpenings(kinds: BackfillKinds, signal: AbortSignal): Openings {
  const opened = new Map<string, { readonly backfill: Backfill; readonly opening: Promise<OpenBackfill> }>();

  async function openKind({ from, spec }: Backfill): Promise<OpenBackfill> {
    const kind = kinds[from];
    if (kind === undefined) throw new LabelstreamError('CONFIG_INVALID', `this worker cannot do backfills from ${from}`);
    return kind.open(spec, signal);
  }

  async function keepOnly(ids: ReadonlySet<string>): Promise<void> {
    const unused = [...opened].filter(([id]) => !ids.has(id));
    for (const [id] of unused) opened.delete(id);
    // One that never opened has nothing to close.
    await Promise.allSettled(unused.map(async ([, { opening }]) => (await opening).close()));
  }

  return {
    open(backfill) {
      const { id } = backfill;
      const known = opened.get(id);
      if (known !== undefined) return known.opening;
      const opening = openKind(backfill);
      opened.set(id, { backfill, opening });
      opening.catch(() => {
        if (opened.get(id)?.opening === opening) opened.delete(id);
      });
      return opening;
    },
    opened: () => [...opened.values()].map(({ backfill }) => backfill),
    keepOnly,
    close: () => keepOnly(new Set()),
  };
}
