import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabelstreamError } from '@labelstream/shared/errors';
import { portOf } from '../state.js';
import { ENGINE_PARTS, type EngineMemory, type EnginePorts } from '../types.js';
import { lastLines, runCommand } from './command.js';
import { isReady } from './network.js';

const ANSWER_TIMEOUT_MS = 4_000;
const UP_TIMEOUT_MS = 5 * 60_000;
const DOWN_TIMEOUT_MS = 60_000;
const SERVING_TIMEOUT_MS = 60_000;

/** The engine's version when a Docker engine answers and Compose is there; null otherwise. */
export async function dockerVersion(): Promise<string | null> {
  const [engine, compose] = await Promise.all([
    runCommand('docker', ['info', '--format', '{{.ServerVersion}}'], { timeoutMs: ANSWER_TIMEOUT_MS }),
    runCommand('docker', ['compose', 'version', '--short'], { timeoutMs: ANSWER_TIMEOUT_MS }),
  ]);
  const version = engine.stdout.trim();
  return engine.status === 0 && compose.status === 0 && version !== '' ? version : null;
}

/** A Compose project per data folder: two checkouts never share containers or volumes. */
export function composeProject(dataDir: string): string {
  return `labelstream-${createHash('sha256').update(dataDir).digest('hex').slice(0, 8)}`;
}

/** What compose.yaml reads from its environment. */
export function composeEnvironment(ports: EnginePorts, memory: EngineMemory): Record<string, string> {
  return {
    LABELSTREAM_KAFKA_PORT: String(ports.kafka),
    LABELSTREAM_REDIS_STATE_PORT: String(ports.redisState),
    LABELSTREAM_REDIS_CACHE_PORT: String(ports.redisCache),
    LABELSTREAM_KAFKA_HEAP_MB: String(memory.kafkaHeapMb),
    LABELSTREAM_CACHE_MAX_MB: String(memory.cacheMaxMb),
  };
}

async function compose(composeFile: string, dataDir: string, args: readonly string[], env: Record<string, string>, timeoutMs: number) {
  const all = ['compose', '-p', composeProject(dataDir), '-f', composeFile, ...args];
  const { status, stderr } = await runCommand('docker', all, { env, timeoutMs });
  if (status !== 0) throw new LabelstreamError('ENGINE_UNAVAILABLE', `docker compose ${args[0]} failed: ${lastLines(stderr)}`);
}

/** Starts the containers, or leaves them as they are when they already run with these settings; returns when all serve. */
export async function composeUp(composeFile: string, dataDir: string, ports: EnginePorts, memory: EngineMemory): Promise<void> {
  await compose(composeFile, dataDir, ['up', '-d', '--wait'], composeEnvironment(ports, memory), UP_TIMEOUT_MS);
  const deadline = Date.now() + SERVING_TIMEOUT_MS;
  for (const part of ENGINE_PARTS) {
    while (!(await isReady(part, portOf(part, ports)))) {
      if (Date.now() >= deadline) {
        throw new LabelstreamError(
          'ENGINE_UNAVAILABLE',
          `${part} does not answer; see: docker compose -p ${composeProject(dataDir)} logs ${part}`,
        );
      }
      await sleep(100);
    }
  }
}

/** Ends and removes the containers; the volumes stay. */
export async function composeDown(composeFile: string, dataDir: string): Promise<void> {
  await compose(composeFile, dataDir, ['down', '--timeout', '30'], {}, DOWN_TIMEOUT_MS);
}
