import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/root.mjs';
import { readText } from '../lib/sources.mjs';

const PAGE = 'docs/guarantees.md';
const LINK = /\]\(\.\.\/(?<path>[^)]+)\)/g;
/** A file of tests, and behind it their names. */
const SHOWN = /\]\(\.\.\/(?<path>[^)]+\/test\/[^)]+\.ts)\): (?<names>(?:\*[^*\n]+\*(?:, [^*;\n]*)?(?:; (?=\*))?)+)/g;
const NAME = /\*(?<name>[^*\n]+)\*/g;

/** Files and tests that the guarantees rest on, and that do not exist (any more). */
export function guaranteeProblems() {
  const page = readText(PAGE);
  const missing = [...page.matchAll(LINK)].map(({ groups }) => groups.path).filter((path) => !existsSync(join(root, path)));
  const tests = [...page.matchAll(SHOWN)].filter(({ groups }) => existsSync(join(root, groups.path)));
  const unknown = tests.flatMap(({ groups: { path, names } }) => {
    const text = readText(path);
    return [...names.matchAll(NAME)]
      .map(({ groups }) => groups.name)
      .filter((name) => !text.includes(`'${name}'`))
      .map((name) => `${path} has no test "${name}"`);
  });
  return [...missing.map((path) => `there is no ${path}`), ...unknown].map((problem) => `${PAGE}: ${problem}`);
}
