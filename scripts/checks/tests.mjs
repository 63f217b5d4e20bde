import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/root.mjs';
import { filesBelow, readText } from '../lib/sources.mjs';

const TEST = /^(?<owner>(?:packages|services)\/[^/]+|infra\/local)\/test\/(?<path>.+?)(?<kind>\.int|\.e2e)?\.test\.ts$/;

/** Chapters of the executable tutorial belong to no single file. */
const FREE = /^tour\//;

const FORBIDDEN = [
  {
    pattern: /\b(?:it|test|describe)(?:\.\w+)*\.(?:skip|skipIf|runIf|todo|only|fails)\b/,
    why: 'no test is skipped, focused or expected to fail',
  },
  { pattern: /\bvi\.(?:do)?[mM]ock\(\s*['"]\.{1,2}\//, why: 'own modules are not mocked; give the factory another dependency' },
];

/** A test lies where its source lies: test/a/b.test.ts belongs to src/a/b.ts, or to the folder src/a/b. */
function misplaced(path) {
  const { owner, path: inner, kind } = TEST.exec(path)?.groups ?? {};
  if (owner === undefined) return [`${path} is in no test/ folder of a package, so no project runs it`];
  if (kind === '.e2e' || FREE.test(inner)) return [];
  const source = join(root, owner, 'src', inner);
  return ['.ts', '.js', ''].some((suffix) => existsSync(`${source}${suffix}`))
    ? []
    : [`${path} mirrors no source: ${owner}/src/${inner}.ts is not there`];
}

function forbidden(path) {
  const text = readText(path);
  return FORBIDDEN.filter(({ pattern }) => pattern.test(text)).map(({ why }) => `${path}: ${why}`);
}

/** Tests that lie in the wrong place, or that would not be run. */
export function testProblems() {
  const tests = ['packages', 'services', 'infra'].flatMap((folder) => filesBelow(folder, /\.test\.ts$/));
  return tests.flatMap((path) => [...misplaced(path), ...forbidden(path)]);
}
