import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { type ErrorCode, isLabelstreamError } from '../../src/errors.js';
import { mutated } from './mutations.js';

/** One input of a stored corpus. */
export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A parser that faces strangers. */
export interface FuzzTarget {
  readonly name: string;
  readonly corpus: readonly Seed[];
  /** What the parser looks for in its input. */
  readonly words: readonly string[];
  /** The only codes with which it may refuse an input; everything else that it throws is a finding. */
  readonly codes: readonly ErrorCode[];
  /** Parses, and checks what comes out. `seed` is the input of the corpus from which the bytes were made. */
  parse(bytes: Uint8Array, seed: Seed): Promise<void>;
}

/** Longer than any input of this size may take, also on a machine that is busy with something else. */
const MAX_MS = 10_000;

/** Set by `npm run fuzz`; without, a fuzzing of a second and a half is part of the unit tests, always the same one. */
const settings = {
  seconds: Number(process.env.LABELSTREAM_FUZZ_SECONDS ?? 1.5),
  seed: Number(process.env.LABELSTREAM_FUZZ_SEED ?? 1),
  /** Folder for the input under way, for findings and for the report. */
  folder: process.env.LABELSTREAM_FUZZ_FOLDER,
};

/** Time limit of a test that fuzzes. */
export const FUZZ_TIMEOUT_MS = settings.seconds * 1000 + 60_000;

/** Every file of a corpus folder, given relative to a test file. */
export function loadCorpus(folder: string, from: string): Seed[] {
  const path = fileURLToPath(new URL(folder, from));
  const names = readdirSync(path).sort();
  return names.map((name) => ({ name, bytes: readFileSync(join(path, name)) }));
}

/** Whether the input is taken or refused with a code. Throws a finding. */
export async function tryInput({ codes, parse }: Pick<FuzzTarget, 'codes' | 'parse'>, bytes: Uint8Array, seed: Seed): Promise<string> {
  const started = process.cpuUsage();
  let outcome = 'taken';
  const stray: unknown[] = [];
  const onStray = (error: unknown) => stray.push(error);
  process.on('unhandledRejection', onStray);
  try {
    await parse(bytes, seed);
  } catch (error) {
    if (!isLabelstreamError(error, ...codes)) throw error;
    outcome = error.code;
  } finally {
    // Such a rejection is told once everything that is ready has run.
    await new Promise((done) => setImmediate(done));
    process.off('unhandledRejection', onStray);
  }
  if (stray.length > 0) throw new Error('an error that nobody took, which ends a process', { cause: stray[0] });
  const { user, system } = process.cpuUsage(started);
  const tookMs = (user + system) / 1000;
  if (tookMs > MAX_MS) throw new Error(`${bytes.length} bytes took ${Math.round(tookMs)} ms of the processor`);
  return outcome;
}

/** Fuzzes for the time set. Fails with the smallest input found, which is kept as a file where there is a folder for it. */
export async function fuzz(target: FuzzTarget): Promise<void> {
  const outcomes = new Map<string, number>();
  const run = fc.asyncProperty(
    mutated(
      target.corpus.map(({ bytes }) => bytes),
      target.words,
    ),
    async ({ seed, bytes }) => {
      const origin = target.corpus[seed] as Seed;
      // Written first, for an input that ends the process or never comes back.
      if (settings.folder !== undefined) writeFileSync(join(settings.folder, `${target.name}-under-way-${origin.name}`), bytes);
      const outcome = await tryInput(target, bytes, origin);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    },
  );
  const details = await fc.check(run, {
    seed: settings.seed,
    numRuns: 2 ** 31 - 1,
    interruptAfterTimeLimit: settings.seconds * 1000,
    markInterruptAsFailure: false,
  });
  const [smallest] = details.counterexample ?? [];
  if (settings.folder !== undefined) report(settings.folder, target, outcomes, smallest);
  if (smallest === undefined) return;
  const hex = smallest.bytes.subarray(0, 4096).toString('hex');
  throw new Error(`made from ${target.corpus[smallest.seed]?.name}: ${hex}`, { cause: details.errorInstance });
}

function report(
  folder: string,
  { name, corpus }: FuzzTarget,
  outcomes: ReadonlyMap<string, number>,
  finding?: { readonly seed: number; readonly bytes: Buffer },
): void {
  const runs = [...outcomes.values()].reduce((sum, count) => sum + count, 0);
  appendFileSync(join(folder, 'report.jsonl'), `${JSON.stringify({ parser: name, runs, outcomes: Object.fromEntries(outcomes) })}\n`);
  if (finding === undefined) return;
  mkdirSync(join(folder, 'findings'), { recursive: true });
  const hash = createHash('sha256').update(finding.bytes).digest('hex').slice(0, 8);
  writeFileSync(join(folder, 'findings', `${hash}-${corpus[finding.seed]?.name}`), finding.bytes);
}
