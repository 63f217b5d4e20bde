import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Evidence, Verdict } from '../checker/check.js';

const lines = (items: readonly unknown[]) => items.map((item) => `${JSON.stringify(item)}\n`).join('');

/** Keeps the servers' and services' logs of a run that could not be ended. */
export async function keepLogs(folder: string, dataDir: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await cp(join(dataDir, 'logs'), join(folder, 'logs'), { recursive: true });
}

/** Keeps what is needed to find out what went wrong: the servers' and services' logs, what was sent and seen, and what is wrong with it. */
export async function keepEvidence(folder: string, dataDir: string, evidence: Evidence, verdict: Verdict): Promise<void> {
  await keepLogs(folder, dataDir);
  await writeFile(join(folder, 'violations.jsonl'), lines(verdict.violations));
  await writeFile(
    join(folder, 'sent.jsonl'),
    lines(evidence.sent.map((one) => (one.kind === 'bad' ? { ...one, bytes: [...one.bytes] } : one))),
  );
  await writeFile(join(folder, 'labels.jsonl'), lines(evidence.labels));
}
