import { type Compacted, compactArchive } from '@labelstream/backfill/archive/compact';
import { pruneArchive } from '@labelstream/backfill/archive/prune';
import { verifyArchive } from '@labelstream/backfill/archive/verify';
import { type ArchiveView, viewArchive } from '@labelstream/backfill/archive/view';
import type { CommandDeps } from '../command.js';
import { renderTable } from '../output.js';
import { type OpenArchive, withArchive } from './open.js';

/** What every command of the archive is told. */
export interface ArchiveFlags {
  readonly archive?: string;
  readonly encoder?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
}

const MIB = 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;
const mib = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`;

/** What there is of an encoder, in numbers. */
export function summaryOf({ encoderId, objects, leftovers, damaged }: ArchiveView) {
  const sum = (of: (object: (typeof objects)[number]) => number) => objects.reduce((total, object) => total + of(object), 0);
  const dates = objects.map(({ name }) => name.date);
  return {
    encoderId,
    firstDate: dates.at(0) ?? null,
    lastDate: dates.at(-1) ?? null,
    objects: objects.length,
    listings: sum(({ listingCount }) => listingCount),
    sequences: sum(({ sequenceCount }) => sequenceCount),
    sizeBytes: sum(({ index, indexBytes }) => index.sizeBytes + indexBytes),
    leftovers: leftovers.length,
    damaged: damaged.length,
  };
}

/** `archive list`. */
export async function listArchive(flags: ArchiveFlags, { config, output }: CommandDeps): Promise<void> {
  await withArchive(flags, config, async (archive) => {
    const rows: string[][] = [];
    for (const encoder of archive.encoders) {
      const summary = summaryOf(await viewArchive(encoder, archive));
      if (flags.json) await output.printJson(summary);
      const { firstDate, lastDate, objects, listings, sequences, sizeBytes, leftovers, damaged } = summary;
      const dates = firstDate === null ? '' : `${firstDate} to ${lastDate}`;
      rows.push([encoder, dates, ...[objects, listings, sequences].map(String), mib(sizeBytes), String(leftovers), String(damaged)]);
    }
    if (flags.json) return;
    const titles = ['objects', 'listings', 'sequences', 'size', 'leftovers', 'damaged'];
    const columns = [{ title: 'encoder' }, { title: 'dates' }, ...titles.map((title) => ({ title, align: 'right' as const }))];
    await output.print(rows.length === 0 ? 'The archive is empty.' : renderTable(columns, rows));
  });
}

/** `archive verify`: marks the command as failed when an object is not whole. */
export async function runVerify(flags: ArchiveFlags, deps: CommandDeps): Promise<void> {
  const { config, output, markFailed } = deps;
  await withArchive(flags, config, async (archive) => {
    for (const encoder of archive.encoders) {
      const view = await viewArchive(encoder, archive);
      const problems = await problemsOf(view, archive, deps);
      const objects = view.objects.length + view.damaged.length;
      if (problems.length > 0) markFailed();
      if (flags.json) await output.printJson({ encoderId: encoder, objects, problems });
      const lines = problems.map(({ key, problem }) => `${output.paint.red('bad')} ${key}: ${problem}`);
      const total = `${encoder}: ${objects - problems.length} of ${objects} objects are whole`;
      if (!flags.json) await output.print([...lines, total].join('\n'));
    }
  });
}

async function problemsOf(view: ArchiveView, archive: OpenArchive, { output, signal }: CommandDeps) {
  const progress = output.progress('verifying');
  const problems: { key: string; problem: string }[] = [];
  let done = 0;
  try {
    for await (const { key, problem } of verifyArchive(view, archive)) {
      signal.throwIfAborted();
      if (problem !== undefined) problems.push({ key, problem });
      progress.update(++done, view.objects.length + view.damaged.length);
    }
  } finally {
    progress.end();
  }
  return problems;
}

export interface CompactFlags extends ArchiveFlags {
  readonly targetBytes: number;
  readonly minAgeMs: number;
}

/** `archive compact`: marks the command as failed when something cannot be read, and so is left as it is. */
export async function runCompact({ targetBytes, minAgeMs, dryRun = false, ...flags }: CompactFlags, deps: CommandDeps): Promise<void> {
  const { config, output, signal, markFailed } = deps;
  await withArchive(flags, config, async (archive) => {
    for (const encoder of archive.encoders) {
      const progress = output.progress('compacting');
      const onStep = (done: number, total: number) => {
        progress.update(done, total);
        // Between two objects the archive is whole.
        signal.throwIfAborted();
      };
      const options = { targetBytes, minAgeMs, dryRun };
      const done = await compactArchive(encoder, options, { ...archive, now: Date.now, onStep }).finally(progress.end);
      if (done.damaged > 0) markFailed();
      await (flags.json ? output.printJson({ ...done, dryRun }) : output.print(compactedText(done, dryRun)));
    }
  });
}

function compactedText(done: Compacted, dryRun: boolean): string {
  const dropped = `${done.listingsDropped} listings and ${done.sequencesDropped} sequences dropped`;
  const bytes = dryRun ? 'nothing was changed' : `${mib(done.bytesBefore)} became ${mib(done.bytesAfter)}`;
  const damaged = done.damaged === 0 ? '' : `\n${done.damaged} could not be read and were left alone; see "labelstream archive verify"`;
  return `${done.encoderId}: ${done.objectsBefore} → ${done.objectsAfter} objects, ${dropped}; ${bytes}${damaged}`;
}

export interface PruneFlags extends ArchiveFlags {
  readonly unfinishedAgeMs: number;
  readonly olderThanDays?: number;
}

/** `archive prune`. */
export async function runPrune(
  { unfinishedAgeMs, olderThanDays, dryRun = false, ...flags }: PruneFlags,
  { config, output }: CommandDeps,
): Promise<void> {
  await withArchive(flags, config, async (archive) => {
    const before = olderThanDays === undefined ? {} : { beforeMs: Date.now() - olderThanDays * DAY_MS };
    for (const encoder of archive.encoders) {
      const view = await viewArchive(encoder, archive);
      const pruned = await pruneArchive(view, { ...before, unfinishedAgeMs, dryRun }, { store: archive.store, now: Date.now });
      if (flags.json) await output.printJson({ ...pruned, dryRun });
      else {
        const records = `${pruned.listings} listings, ${pruned.sequences} sequences`;
        const what = `${pruned.objects} objects (${records}) and ${pruned.leftovers} leftovers, ${mib(pruned.sizeBytes)}`;
        await output.print(`${encoder}: ${what} ${dryRun ? 'would be removed' : 'removed'}`);
      }
    }
  });
}
