import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../lib/root.mjs';
import { filesBelow, readText } from '../lib/sources.mjs';

const TEST =
  /^(?<owner>(?:packages|services)\/[^/]+|infra\/local)\/test\/(?<folder>(?:.+\/)?)(?<name>[^/]+?)(?<kind>\.int|\.e2e|\.golden)?\.test\.ts$/;

/** Those of a contract that two languages share, of whole processes, and chapters of the executable tutorial belong to no single file. */
const isFree = ({ kind, folder }) => kind === '.e2e' || kind === '.golden' || folder.startsWith('tour/');

const FORBIDDEN = [
  {
    pattern: /\b(?:it|test|describe)(?:\.\w+)*\.(?:skip|skipIf|runIf|todo|only|fails)\b/,
    why: 'no test is skipped, focused or expected to fail',
  },
  { pattern: /\bvi\.(?:do)?[mM]ock\(\s*['"]\.{1,2}\//, why: 'own modules are not mocked; give the factory another dependency' },
];

const isSource = (path) => ['.ts', '.js', ''].some((suffix) => existsSync(join(root, `${path}${suffix}`)));

/** How many files of one source folder a test imports. */
function importedFrom(path, folder) {
  const imported = [...readText(path).matchAll(/from\s+'(?<source>\.[^']+)\.js'/g)].map(({ groups }) => join(dirname(path), groups.source));
  return new Set(imported.filter((source) => `${dirname(source)}/` === folder)).size;
}

/** A test lies where its source lies: test/a/b.test.ts belongs to src/a/b.ts, or to several files of src/a/ that it tries together. */
function misplaced(path) {
  const test = TEST.exec(path)?.groups;
  if (test === undefined) return [`${path} is in no test/ folder of a package, so no project runs it`];
  const folder = `${test.owner}/src/${test.folder}`;
  if (isFree(test) || isSource(`${folder}${test.name}`) || importedFrom(path, folder) > 1) return [];
  return [`${path} mirrors no source: there is no ${folder}${test.name}.ts, and it does not try several files of ${folder} together`];
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
