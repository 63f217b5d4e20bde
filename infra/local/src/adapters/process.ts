import { spawn } from 'node:child_process';
import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabelstreamError } from '@labelstream/shared/errors';
import type { ProcessRecord } from '../types.js';
import { runCommand } from './command.js';

const POLL_MS = 25;
/** A log larger than this is put aside (as `.1`) when its process is started again. */
const LOG_MAX_BYTES = 16 * 1024 * 1024;

/**
 * From a `/proc/<pid>/stat` line, the start time in clock ticks since boot (field 22, see proc(5)); null when the process has ended.
 * Of a process that is killed the first thread may be a zombie already while others (field 20 counts all) still hold its open files: its
 * ports would look taken to whoever starts it again.
 */
export function startTicksOf(line: string): string | null {
  // The command name stands in parentheses and may hold any character.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const [state = '', threads = '', startTicks = ''] = [fields[0], fields[17], fields[19]];
  return state === 'X' || (state === 'Z' && Number(threads) <= 1) ? null : startTicks;
}

async function identityFromProc(pid: number, bootId: string): Promise<string | null> {
  try {
    const startTicks = startTicksOf(await readFile(`/proc/${pid}/stat`, 'utf8'));
    return startTicks === null ? null : `${bootId.trim()}/${startTicks}`;
  } catch {
    return null;
  }
}

async function identityFromPs(pid: number): Promise<string | null> {
  const { status, stdout } = await runCommand('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { env: { LC_ALL: 'C' } });
  const [state, ...started] = stdout.trim().split(/\s+/);
  return status !== 0 || state === undefined || state.startsWith('Z') ? null : started.join(' ');
}

/** What tells this process from any other that ever has the same pid; null when there is none or it has ended. */
export async function processIdentity(pid: number): Promise<string | null> {
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => null);
  return bootId === null ? identityFromPs(pid) : identityFromProc(pid, bootId);
}

/** Whether the recorded process still runs, and is the one recorded. */
export async function isAlive(record: ProcessRecord): Promise<boolean> {
  return (await processIdentity(record.pid)) === record.identity;
}

/** What to run. */
export interface DetachedCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** stdout and stderr are appended here. */
  readonly logFile: string;
}

/**
 * Starts a process in a session of its own, so that it outlives this one and no Ctrl-C reaches it.
 * @throws LabelstreamError ENGINE_UNAVAILABLE where the command cannot be run.
 */
export async function spawnDetached({ command, args, cwd, env, logFile }: DetachedCommand): Promise<ProcessRecord> {
  const log = await openLog(logFile);
  try {
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', log.fd, log.fd] });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    const pid = child.pid ?? 0;
    // An identity that no process has: it ended before it could be looked at.
    return { pid, identity: (await processIdentity(pid)) ?? 'ended' };
  } catch (cause) {
    throw new LabelstreamError('ENGINE_UNAVAILABLE', `${command} cannot be run: ${String(cause)}`, { cause });
  } finally {
    await log.close();
  }
}

async function openLog(path: string) {
  await mkdir(dirname(path), { recursive: true });
  const sizeBytes = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (sizeBytes > LOG_MAX_BYTES) await rename(path, `${path}.1`);
  return open(path, 'a');
}

/** How a process came to its end: it was not there any more, it ended when asked to, or it had to be killed. */
export type ProcessEnd = 'gone' | 'ended' | 'killed';

/** Ends exactly the recorded process: SIGTERM, and SIGKILL after the deadline. Returns when it is gone. */
export async function endProcess(record: ProcessRecord, deadlineMs: number): Promise<ProcessEnd> {
  if (!(await signal(record, 'SIGTERM'))) return 'gone';
  if (await isGoneWithin(record, deadlineMs)) return 'ended';
  await signal(record, 'SIGKILL');
  if (await isGoneWithin(record, 10_000)) return 'killed';
  throw new LabelstreamError('ENGINE_UNAVAILABLE', `Process ${record.pid} does not end, not even on SIGKILL.`);
}

async function signal(record: ProcessRecord, name: 'SIGTERM' | 'SIGKILL'): Promise<boolean> {
  if (!(await isAlive(record))) return false;
  try {
    return process.kill(record.pid, name);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

async function isGoneWithin(record: ProcessRecord, limitMs: number): Promise<boolean> {
  const deadline = Date.now() + limitMs;
  while (await isAlive(record)) {
    if (Date.now() >= deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}
