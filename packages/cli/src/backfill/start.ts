import type { Backfill, NewBackfill } from '@labelstream/backfill/job/backfill';
import type { BackfillStore } from '@labelstream/backfill/job/store';
import type { Json } from '@labelstream/backfill/kind';
import type { BackfillParts } from '@labelstream/backfill/open';
import type { ReplaySpec } from '@labelstream/backfill/source/spec';
import type { CommandDeps } from '../command.js';
import { backfillDocument, duration, exitCodeFor, NO_WORKER, progressDetail } from './document.js';
import { dryRunDocument, dryRunOf, dryRunText } from './dry-run.js';
import { assertFlagsFit, listingsSpec, nameOf, parseSince, relabelSpec, type StartFlags } from './flags.js';
import { follow } from './follow.js';
import { withParts } from './open.js';

/** `backfill start`: checks the source, notes the backfill for the workers, and shows how it gets on when it is waited for. */
export async function start(flags: StartFlags, deps: CommandDeps): Promise<void> {
  assertFlagsFit(flags);
  const nowMs = Date.now();
  const name = nameOf(flags, new Date(nowMs));
  await withParts(deps.config, async (parts) => {
    const { from, priority, rate, maxErrors } = flags;
    const spec = await specOf(flags, parts, deps, nowMs);
    const backfill: NewBackfill = { name, from, spec, priority, maxErrors, ...(rate === undefined ? {} : { rate }) };
    if (flags.dryRun) await dryRun(backfill, parts, flags, deps);
    else await begin(backfill, parts, flags, deps);
  });
}

async function specOf(flags: StartFlags, parts: BackfillParts, { config }: CommandDeps, nowMs: number): Promise<Json> {
  if (flags.from === 'listings') return plain(listingsSpec(flags, nowMs));
  if (flags.from === 'topic') return plain(await replaySpec(flags, parts));
  return plain(relabelSpec(flags, config.env.TOKEN_ARCHIVE, nowMs));
}

/** As it comes back from the store. */
const plain = (spec: unknown): Json => JSON.parse(JSON.stringify(spec)) as Json;

/** Settles which offsets are replayed, so that it ends. */
async function replaySpec({ topic, since }: StartFlags, { context }: BackfillParts): Promise<ReplaySpec> {
  const { planReplay } = await import('@labelstream/backfill/source/replay-kind');
  return planReplay(context, topic ?? context.topics.of('events'), since === undefined ? {} : { sinceMs: parseSince(since) });
}

const openSource = ({ from, spec }: NewBackfill, { kinds }: BackfillParts, signal: AbortSignal) => kinds[from].open(spec, signal);

async function dryRun(backfill: NewBackfill, parts: BackfillParts, { json = false }: StartFlags, deps: CommandDeps): Promise<void> {
  const { output, signal } = deps;
  const opened = await openSource(backfill, parts, signal);
  try {
    const found = await dryRunOf(backfill, opened, await parts.store.list(), signal);
    await (json ? output.printJson(dryRunDocument(found)) : output.print(dryRunText(found)));
  } finally {
    await opened.close();
  }
}

async function begin(backfill: NewBackfill, parts: BackfillParts, flags: StartFlags, deps: CommandDeps): Promise<void> {
  const { output, signal } = deps;
  const { store } = parts;
  const json = flags.json ?? false;
  // What is wrong with the source is said here and now, and not in a log.
  await (await openSource(backfill, parts, signal)).close();
  const created = await store.create(backfill);
  const workers = (await store.workers()).length;
  if (flags.wait) {
    if (workers === 0) {
      output.note('no worker is there: this command works on the backfill itself');
      await parts.startWorker();
    }
    await waitFor(created, store, json, deps);
    return;
  }
  if (workers === 0) output.warn(`${backfill.name} waits: ${NO_WORKER}.`);
  if (json) await output.printJson({ ...backfillDocument(created, Date.now()), workers });
  else await output.print(`${backfill.name} is started; see it with "labelstream backfill status ${backfill.name}".`);
}

/** Shows how a backfill gets on, says how it has ended, and sets the exit code. */
export async function waitFor({ name }: Pick<Backfill, 'name'>, store: BackfillStore, json: boolean, deps: CommandDeps): Promise<void> {
  const { output, signal, markFailed } = deps;
  const ended = await follow(name, { store, output, json, signal, now: Date.now });
  const code = exitCodeFor(ended);
  if (code !== 0) markFailed(code);
  const nowMs = Date.now();
  if (json) await output.printJson(backfillDocument(ended, nowMs));
  else {
    const reason = ended.reason === undefined ? '' : `: ${ended.reason}`;
    const seconds = ((ended.endedAtMs ?? nowMs) - (ended.startedAtMs ?? nowMs)) / 1000;
    await output.print(`${name} is ${ended.state}${reason} (${ended.counts.rowsSent} rows sent in ${duration(seconds)})`);
    if (ended.counts.rowErrors > 0) output.warn(`${progressDetail(ended, nowMs)}; see "labelstream backfill report ${name}".`);
  }
}
