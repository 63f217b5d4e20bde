import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { root } from './root.mjs';

/**
 * How tests ended: numbers of passed and failed ones, names of skipped ones, and problems outside of any test (a file that does not load,
 * an error after the last test), each of which counts as one failure.
 */
export const emptyTally = () => ({ passed: 0, failed: 0, skipped: [], problems: [] });

/** Adds the second tally to the first. */
export function addTallies(total, more) {
  total.passed += more.passed;
  total.failed += more.failed;
  total.skipped.push(...more.skipped);
  total.problems.push(...more.problems);
}

function addFile(tally, { name: path, status, assertionResults: tests, message }) {
  const file = relative(root, path);
  for (const test of tests) {
    if (test.status === 'passed') tally.passed += 1;
    else if (test.status === 'failed') tally.failed += 1;
    else tally.skipped.push(`${file} > ${test.fullName}`);
  }
  if (status === 'failed' && !tests.some((test) => test.status === 'failed')) tally.problems.push(`${file} failed as a whole: ${message}`);
}

/** Reads the JSON report of one vitest run, given its exit status. */
export function readTally({ report, status, project }) {
  const tally = emptyTally();
  if (!existsSync(report)) {
    if (status !== 0) tally.problems.push(`the ${project} tests ended with ${status} and without a report`);
    return tally;
  }
  for (const file of JSON.parse(readFileSync(report, 'utf8')).testResults) addFile(tally, file);
  if (status !== 0 && tally.failed + tally.problems.length === 0) {
    tally.problems.push(`the ${project} tests ended with ${status} although every test passed: the lines above say why`);
  }
  return tally;
}
