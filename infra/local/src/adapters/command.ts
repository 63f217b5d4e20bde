import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { inheritedEnvironment } from '../config.js';

/** What a command left behind. */
export interface CommandResult {
  /** Exit status; null when it could not be run, ran past its time or ended by a signal. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. Never throws: a command that does not exist is a result too. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: { timeoutMs?: number; env?: Readonly<Record<string, string>>; cwd?: string } = {},
): Promise<CommandResult> {
  const { timeoutMs = 10_000, env = {}, cwd } = options;
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      {
        timeout: timeoutMs,
        env: { ...inheritedEnvironment(), ...env },
        maxBuffer: 16 * 1024 * 1024,
        ...(cwd === undefined ? {} : { cwd }),
      },
      (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
        resolve({ status, stdout, stderr: stderr || (error?.message ?? '') });
      },
    );
  });
}

/** Whether a file is there and may be run. */
export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The absolute path of a program on PATH, or null. */
export async function findOnPath(name: string): Promise<string | null> {
  for (const folder of (inheritedEnvironment().PATH ?? '').split(delimiter)) {
    if (folder === '') continue;
    const path = join(folder, name);
    if (await isExecutable(path)) return path;
  }
  return null;
}

/** The last lines of a text that say something, for an error message. */
export function lastLines(text: string, count = 5): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-count)
    .join(' | ');
}
