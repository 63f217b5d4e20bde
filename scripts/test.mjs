#!/usr/bin/env node
// Runs the tests, the quick ones first: `npm test`. Arguments go to vitest; `--project unit|int|e2e` picks. The last line of the output
// is `N passed, N failed`, over all projects.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, run } from './lib/run.mjs';
import { addTallies, emptyTally, readTally } from './lib/tally.mjs';

/** By what they need: nothing, Kafka and Redis, all processes. */
const PROJECTS = ['unit', 'int', 'e2e'];

/** Separates `--project` from what vitest gets. */
function parseArguments(args) {
  const chosen = [];
  const rest = [];
  const waiting = [...args];
  for (let argument = waiting.shift(); argument !== undefined; argument = waiting.shift()) {
    if (argument === '--project') chosen.push(waiting.shift() ?? '');
    else if (argument.startsWith('--project=')) chosen.push(argument.slice('--project='.length));
    else rest.push(argument);
  }
  const unknown = chosen.filter((project) => !PROJECTS.includes(project));
  if (unknown.length > 0) {
    console.error(`test: there is no project ${unknown.join(', ')}; use ${PROJECTS.join(', ')}`);
    process.exit(2);
  }
  return { projects: PROJECTS.filter((project) => chosen.length === 0 || chosen.includes(project)), rest };
}

function runProject(project, rest, folder) {
  const report = join(folder, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  console.error(`\n· ${project} tests`);
  const status = run(bin('vitest'), ['run', '--project', project, '--passWithNoTests', '--allowOnly=false', ...reporters, ...rest]);
  return readTally({ report, status, project });
}

const { projects, rest } = parseArguments(process.argv.slice(2));
// A test that is picked by its name leaves the others out on purpose.
const picked = rest.some((argument) => /^(-t|--testNamePattern)(=|$)/.test(argument));
const folder = mkdtempSync(join(tmpdir(), 'labelstream-test-'));
const tally = emptyTally();
try {
  for (const project of projects) addTallies(tally, runProject(project, rest, folder));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const skipped = picked ? [] : tally.skipped;
for (const name of skipped) console.error(`skipped, which counts as failed: ${name}`);
for (const problem of tally.problems) console.error(problem);
const failed = tally.failed + skipped.length + tally.problems.length;
if (tally.passed + failed === 0) console.error('test: no test was found');
console.log(`${tally.passed} passed, ${failed} failed`);
process.exit(failed > 0 || tally.passed === 0 ? 1 : 0);
