import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EMPTY_STATE, formatState, type LocalState, parseState } from '../state.js';
import type { Log } from '../types.js';
import { hasCode } from './errno.js';
import { withLock } from './lock.js';

const stateFile = (dataDir: string) => join(dataDir, 'state.json');

/** Reads the record of a data folder; an empty one when nothing was started there. */
export async function readState(dataDir: string): Promise<LocalState> {
  const path = stateFile(dataDir);
  try {
    return parseState(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return EMPTY_STATE;
    throw error;
  }
}

/** The record of a data folder, for the one who holds its lock. */
export interface StateStore {
  current(): LocalState;
  /** Changes the record and writes it whole; changes made at the same time are written one after the other. */
  update(change: (state: LocalState) => LocalState): Promise<void>;
}

/** Runs `work` with the record of a data folder, alone: nobody else starts or ends anything there meanwhile. */
export async function withState<T>(dataDir: string, log: Log, work: (store: StateStore) => Promise<T>): Promise<T> {
  return withLock(join(dataDir, 'lock'), log, async () => {
    const path = stateFile(dataDir);
    let state = await readState(dataDir);
    let written = Promise.resolve();

    async function write(): Promise<void> {
      await mkdir(dataDir, { recursive: true });
      await writeFile(`${path}.new`, formatState(state));
      await rename(`${path}.new`, path);
    }

    return work({
      current: () => state,
      update(change) {
        state = change(state);
        written = written.then(write);
        return written;
      },
    });
  });
}
