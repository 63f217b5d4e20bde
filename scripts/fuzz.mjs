#!/usr/bin/env node
// Fuzzes the parsers that face strangers: `npm run fuzz -- --seconds N [--parser event|image|source] [--seed S]`. Inputs of the stored
// corpora are mutated; what makes a parser crash, hang or take what is not valid is kept as a file, which then belongs into the corpus.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './lib/root.mjs';
import { bin, run } from './lib/run.mjs';

/** The test that fuzzes each parser, and where its corpus lies. */
const PARSERS = {
  event: { test: 'packages/shared/test/events/decoder-fuzz.test.ts', corpus: 'packages/shared/test/corpus/event' },
  image: { test: 'services/ingest/test/preparation.test.ts', corpus: 'services/ingest/test/corpus' },
  source: { test: 'packages/backfill/test/source/fuzz.test.ts', corpus: 'packages/backfill/test/corpus' },
};
/** A run that has not ended so long after its time hangs in one input. */
const GRACE_MS = 120_000;

const USAGE = `Usage: npm run fuzz -- [options]

Fuzz the parsers that face strangers: product events, images, and the files of a backfill. Ends with 1 when an
input made one crash, hang or take what is not valid; the input is kept as a file.

Options:
  --seconds <n>    how long each parser is fuzzed (default: 60)
  --parser <name>  one of ${Object.keys(PARSERS).join(', ')} (default: all, one after the other)
  --seed <n>       whole number that repeats a run (default: 1)
  --help           display this
`;

function readArguments() {
  const options = {
    seconds: { type: 'string', default: '60' },
    parser: { type: 'string' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', short: 'h' },
  };
  const { values } = parseArgs({ options, strict: true });
  if (values.help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
  if (!(seconds > 0)) throw new Error(`--seconds takes a number above 0, not "${values.seconds}"`);
  if (!Number.isInteger(seed)) throw new Error(`--seed takes a whole number, not "${values.seed}"`);
  if (values.parser !== undefined && PARSERS[values.parser] === undefined)
    throw new Error(`--parser takes one of ${Object.keys(PARSERS).join(', ')}, not "${values.parser}"`);
  return { seconds, seed, parsers: values.parser === undefined ? Object.keys(PARSERS) : [values.parser] };
}

/** Fuzzes one parser; whether nothing was found. */
function fuzz(parser, { seconds, seed }) {
  const { test, corpus } = PARSERS[parser];
  const folder = join(root, '.labelstream', 'fuzz', parser);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  console.error(`· ${parser}: ${seconds} s, seed ${seed}`);
  const env = {
    ...process.env,
    LABELSTREAM_FUZZ_SECONDS: String(seconds),
    LABELSTREAM_FUZZ_SEED: String(seed),
    LABELSTREAM_FUZZ_FOLDER: folder,
  };
  const status = run(bin('vitest'), ['run', '--project', 'unit', test], {
    env,
    timeout: seconds * 1000 + GRACE_MS,
    stdio: ['ignore', 2, 2],
  });
  const report = join(folder, 'report.jsonl');
  if (existsSync(report)) process.stdout.write(readFileSync(report));
  if (status === 0) return true;
  const findings = join(folder, 'findings');
  const found = existsSync(findings) ? readdirSync(findings).map((name) => join(findings, name)) : [];
  const [what, files] =
    found.length > 0 ? ['found', found] : ['ended while it tried', readdirSync(folder).map((name) => join(folder, name))];
  console.error(`${parser}: ${what}\n${files.map((file) => `  ${file}`).join('\n')}\nOnce it is mended, keep the input under ${corpus}/.`);
  return false;
}

let given;
try {
  given = readArguments();
} catch (error) {
  console.error(`fuzz: ${error.message}`);
  process.exit(2);
}
const clean = given.parsers.map((parser) => fuzz(parser, given));
process.exit(clean.every(Boolean) ? 0 : 1);
