import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './root.mjs';

/** Path of a program of the workspace's development dependencies. */
export const bin = (name) => join(root, 'node_modules', '.bin', name);

/** Runs a program in the repository's root, its output shown as it comes. Returns its exit status; 1 when it could not be run. */
export function run(command, args, options = {}) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  return status ?? 1;
}
