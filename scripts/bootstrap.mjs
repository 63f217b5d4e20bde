#!/usr/bin/env node
// Makes a fresh clone runnable: installs the pinned pnpm's dependencies and builds, each only when something changed,
// then runs what was asked for. Progress goes to stderr, so that `--json` output on stdout stays clean.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { packageManager, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const bin = (name) => join(root, 'node_modules', '.bin', name);

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(
    `labelstream: Node ${engines.node} is needed, this is ${process.versions.node}. Install a newer Node and run the command again.`,
  );
  process.exit(1);
}

function step(title, command, args) {
  console.error(`· ${title}`);
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  console.error(`labelstream: "${title}" failed (exit ${status}); the lines above say why.`);
  process.exit(status ?? 1);
}

function install() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'pnpm-lock.yaml')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.labelstream-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  step('installing dependencies', 'npx', ['--yes', packageManager, 'install', '--frozen-lockfile', '--reporter=append-only']);
  writeFileSync(stamp, lock);
}

/** Runs the task itself and ends as it ends. Signals are handed on: the task stops cleanly, and this process only waits for it. */
function run(command, args) {
  const child = spawn(command, args, { cwd: process.env.INIT_CWD ?? root, stdio: 'inherit' });
  // A terminal sends Ctrl-C to the whole group; anything else reaches only this process.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('error', (error) => {
    console.error(`labelstream: ${command} cannot be started: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}

const build = () => step('building', bin('tsc'), ['--build']);
const cli = join(root, 'packages', 'cli', 'dist', 'main.js');

requireNode();
install();
const [task, ...args] = process.argv.slice(2);
switch (task) {
  case 'labelstream':
    build();
    run(process.execPath, [cli, ...args]);
    break;
  case 'test':
    build();
    run(process.execPath, [join(root, 'scripts', 'test.mjs'), ...args]);
    break;
  case 'build':
    build();
    break;
  case 'check':
    run(process.execPath, [join(root, 'scripts', 'check.mjs'), ...args]);
    break;
  case 'fuzz':
    run(process.execPath, [join(root, 'scripts', 'fuzz.mjs'), ...args]);
    break;
  case 'docs':
    build();
    run(process.execPath, [join(root, 'scripts', 'docs.mjs'), ...args]);
    break;
  default:
    console.error(`labelstream: unknown task "${task}"; use labelstream, test, build, check, fuzz or docs.`);
    process.exit(2);
}
