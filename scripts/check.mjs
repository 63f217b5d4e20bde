#!/usr/bin/env node
// Everything that is checked without running the product: `npm run check`. All checks run, so that one call names all problems.
import { guaranteeProblems } from './checks/guarantees.mjs';
import { sizeProblems } from './checks/sizes.mjs';
import { testProblems } from './checks/tests.mjs';
import { bin, run } from './lib/run.mjs';

const PACKAGES = ['packages/backfill', 'packages/chaos', 'packages/cli', 'packages/samples', 'packages/shared', 'infra/local'];
const SERVICES = ['ingest', 'encoder', 'fusion', 'sink'].map((name) => `services/${name}`);

/** A check that lists its problems. */
function listed(problems) {
  for (const problem of problems()) console.error(`  ${problem}`);
  return problems().length === 0;
}

const passes = (command, args) => run(command, args) === 0;
const SOURCES = [...PACKAGES, ...SERVICES].map((folder) => `${folder}/src`);

const CHECKS = [
  { name: 'format and lint', check: () => passes(bin('biome'), ['check', '--error-on-warnings', '.']) },
  { name: 'types of the sources', check: () => passes(bin('tsc'), ['--build']) },
  { name: 'types of the tests', check: () => passes(bin('tsc'), ['-p', 'tsconfig.test.json']) },
  { name: 'layers', check: () => passes(bin('depcruise'), ['--config', '.dependency-cruiser.cjs', ...SOURCES]) },
  { name: 'tests mirror the sources', check: () => listed(testProblems) },
  { name: 'file sizes', check: () => listed(sizeProblems) },
  { name: 'guarantees name tests that exist', check: () => listed(guaranteeProblems) },
  // A process of its own, because it loads what the step before has built.
  { name: 'generated reference', check: () => passes(process.execPath, ['scripts/docs.mjs', '--check']) },
];

const results = CHECKS.map(({ name, check }) => {
  console.error(`· ${name}`);
  return { name, ok: check() };
});
for (const { name, ok } of results) console.log(`${ok ? 'ok    ' : 'FAILED'} ${name}`);
process.exit(results.every(({ ok }) => ok) ? 0 : 1);
