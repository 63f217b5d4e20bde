import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';

const IGNORED = new Set(['node_modules', 'dist', '.git', '.labelstream', '.venv', '__pycache__', 'fixtures', 'models']);

/** Files below a folder of the repository, as paths relative to its root, in order. */
export function filesBelow(folder, matches) {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries
    .filter(({ name }) => !IGNORED.has(name))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return filesBelow(path, matches);
      return matches.test(entry.name) ? [path] : [];
    })
    .sort();
}

/** The text of a file, by its path relative to the repository's root. */
export const readText = (path) => readFileSync(join(root, path), 'utf8');
