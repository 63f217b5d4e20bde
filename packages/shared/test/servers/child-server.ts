import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const ROOT = resolve(import.meta.dirname, '../../../..');
const START_TIMEOUT_MS = 60_000;
const KEPT_OUTPUT = 4_000;

export const runCommand = promisify(execFile);

/** Beside the local engine's downloads, so that a machine fetches it once. */
const artifacts = () => process.env.LABELSTREAM_ARTIFACTS_DIR || join(ROOT, '.labelstream', 'artifacts');

/**
 * The folder `name` among the downloads; `fill` makes its content in a scratch folder and returns where, unless it is there already.
 * The folder appears only when it is whole.
 */
export async function installOnce(name: string, fill: (scratch: string) => Promise<string>): Promise<string> {
  const folder = join(artifacts(), name);
  if (existsSync(folder)) return folder;
  mkdirSync(artifacts(), { recursive: true });
  const scratch = mkdtempSync(join(artifacts(), `${name}-`));
  try {
    const filled = await fill(scratch);
    // Another run may have been faster.
    if (!existsSync(folder)) renameSync(filled, folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return folder;
}

/** A TCP port of 127.0.0.1 that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

export interface ChildServer {
  stop(): Promise<void>;
}

/** What to start, and the address that answers with success once it is ready. */
export interface ChildServerSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly readyUrl: string;
}

/** Starts a server process and waits until it is ready; an error carries the last of its output. */
export async function startChildServer(spec: ChildServerSpec): Promise<ChildServer> {
  const child = spawn(spec.command, spec.args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...spec.env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output = `${output}${chunk}`.slice(-KEPT_OUTPUT)));
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    const response = await fetch(spec.readyUrl).catch(() => null);
    if (response?.ok) return { stop };
    await new Promise((done) => setTimeout(done, 100));
  }
  const outcome = child.exitCode === null ? 'does not answer' : `ended with ${child.exitCode}`;
  await stop();
  throw new Error(`${spec.name} ${outcome}:\n${output}`);
}
