import { readFile } from 'node:fs/promises';
import { LabelstreamError } from '@labelstream/shared/errors';
import { lastLines } from './command.js';

/** Throws ENGINE_UNAVAILABLE: what failed, and the last words of who failed. */
export function failWith(what: string, output: string, cause?: unknown): never {
  const words = lastLines(output);
  throw new LabelstreamError('ENGINE_UNAVAILABLE', words === '' ? `${what}.` : `${what}: ${words}`, { cause });
}

/** The text of a log file; empty when there is none. */
export function readLog(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
