import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { promisify } from 'node:util';

/** The checked-out commit, with `-dirty` where files differ from it; `unknown` outside a git checkout. */
async function commitOf(directory: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('git', ['describe', '--always', '--abbrev=12', '--dirty'], { cwd: directory });
    return stdout.trim();
  } catch {
    return 'unknown';
  }
}

/** When, of which commit and on what a result was taken: what every stored one begins with. */
export async function takenFacts(directory: string): Promise<Readonly<Record<string, string | number>>> {
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
  return { at: new Date().toISOString(), gitSha: await commitOf(directory), ...machine };
}
