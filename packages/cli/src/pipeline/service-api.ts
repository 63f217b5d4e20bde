import { readFile } from 'node:fs/promises';
import type { WorkerStatus } from '@labelstream/shared/stream/worker';

const ANSWER_TIMEOUT_MS = 2_000;

/** What a service process tells when it is up. */
export interface ReadyLine {
  readonly pid: number;
  readonly port: number;
}

/** What a service process tells of its stages on `/status`, with the text of `/metrics`. */
export interface ServiceAnswer {
  readonly stages: readonly WorkerStatus[];
  readonly metricsText: string;
}

/** The ready file of a process; null while that very process has not written it. */
export async function readReadyFile(path: string, pid: number): Promise<ReadyLine | null> {
  try {
    const line = JSON.parse(await readFile(path, 'utf8')) as Partial<ReadyLine>;
    return line.pid === pid && typeof line.port === 'number' ? { pid, port: line.port } : null;
  } catch {
    // Not there, or just being written.
    return null;
  }
}

/** Whether a process answers `/readyz` with yes. */
export async function isReady(port: number): Promise<boolean> {
  return (await get(port, '/readyz')) !== null;
}

/** Asks a process how it is; null when it does not answer. */
export async function askService(port: number): Promise<ServiceAnswer | null> {
  const [status, metrics] = await Promise.all([get(port, '/status'), get(port, '/metrics')]);
  if (status === null || metrics === null) return null;
  const { stages } = JSON.parse(status) as { stages: readonly WorkerStatus[] };
  return { stages, metricsText: metrics };
}

async function get(port: number, path: string): Promise<string | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    const body = await response.text();
    return response.ok ? body : null;
  } catch {
    return null;
  }
}
