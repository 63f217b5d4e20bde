import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The checked-out commit, with `-dirty` where files differ from it; `unknown` outside a git checkout. */
export async function commitOf(directory: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('git', ['describe', '--always', '--abbrev=12', '--dirty'], { cwd: directory });
    return stdout.trim();
  } catch {
    return 'unknown';
  }
}
