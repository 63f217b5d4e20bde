import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What a process tells when it is ready to work. */
export interface ReadyLine {
  readonly name: string;
  readonly pid: number;
  /** Of health, metrics and status. */
  readonly port: number;
}

/** Writes the ready line, whole or not at all, so that a reader never sees half of it. */
export async function writeReadyFile(path: string, ready: ReadyLine): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${ready.pid}`;
  await writeFile(unfinished, `${JSON.stringify(ready)}\n`);
  await rename(unfinished, path);
}

/** Removes the ready line of a process that stops. */
export const removeReadyFile = (path: string): Promise<void> => rm(path, { force: true });
