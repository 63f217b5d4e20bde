import { join } from 'node:path';
import { findOnPath, isExecutable, runCommand } from './command.js';

/** A Java found on this machine. */
export interface JavaInfo {
  readonly path: string;
  /** As it names itself, for example `17.0.15`. */
  readonly version: string;
  readonly major: number;
}

/** From what `java -version` prints: its version; null when it prints none. */
export function parseJavaVersion(output: string): { version: string; major: number } | null {
  const version = /version "([^"]+)"/.exec(output)?.[1];
  if (version === undefined) return null;
  // Java 8 called itself 1.8.
  const [first = '', second = ''] = version.split(/[._-]/);
  return { version, major: Number(first === '1' ? second : first) };
}

/** The Java of `javaHome`, or the one on PATH; null when there is none that runs. */
export async function findJava(javaHome: string | null): Promise<JavaInfo | null> {
  const named = javaHome === null ? null : join(javaHome, 'bin', 'java');
  const path = named !== null && (await isExecutable(named)) ? named : await findOnPath('java');
  if (path === null) return null;
  const { status, stdout, stderr } = await runCommand(path, ['-version']);
  const parsed = status === 0 ? parseJavaVersion(`${stderr}\n${stdout}`) : null;
  return parsed === null ? null : { path, ...parsed };
}
