import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalConfig } from '../config.js';
import { inheritedEnvironment } from '../config.js';
import { brokerArguments, type ClassArchive, formatArguments, KAFKA_VERSION, renderServerProperties } from '../kafka-settings.js';
import { redisCacheArguments, redisStateArguments } from '../redis-settings.js';
import type { EngineRecord } from '../state.js';
import type { EngineMemory, EnginePart, EnginePorts, Log, ProcessRecord } from '../types.js';
import { runCommand } from './command.js';
import { failWith } from './failure.js';
import type { JavaInfo } from './java.js';
import { ensureKafkaJars } from './kafka-jars.js';
import { spawnDetached } from './process.js';
import { ensureRedis } from './redis-program.js';

const FORMAT_TIMEOUT_MS = 60_000;

/** What starting a part needs to know. */
export interface PartContext {
  readonly config: LocalConfig;
  readonly dataDir: string;
  readonly ports: EnginePorts;
  readonly memory: EngineMemory;
  readonly java: JavaInfo;
  readonly log: Log;
}

/** A part whose process was started; it may not answer yet. */
export interface StartedPart {
  readonly process: ProcessRecord;
  readonly versions: Record<string, string>;
  readonly pendingArchive?: NonNullable<EngineRecord['pendingArchive']>;
}

/** The log file of a part or service. */
export const logFileOf = (dataDir: string, name: string) => join(dataDir, 'logs', `${name}.log`);

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Gets what the part needs (downloads included) and starts its process. */
export function startPart(part: EnginePart, context: PartContext): Promise<StartedPart> {
  return part === 'kafka' ? startKafka(context) : startRedis(part, context);
}

async function startRedis(part: 'redis-state' | 'redis-cache', { config, dataDir, ports, memory, log }: PartContext): Promise<StartedPart> {
  const { path, version } = await ensureRedis(config.artifactsDir, log);
  const folder = join(dataDir, 'data', part);
  await mkdir(folder, { recursive: true });
  const args =
    part === 'redis-state'
      ? redisStateArguments(ports.redisState, folder)
      : redisCacheArguments(ports.redisCache, folder, memory.cacheMaxMb);
  const process = await spawnDetached({ command: path, args, cwd: folder, env: inheritedEnvironment(), logFile: logFileOf(dataDir, part) });
  return { process, versions: { redis: version } };
}

async function startKafka({ config, dataDir, ports, memory, java, log }: PartContext): Promise<StartedPart> {
  const libs = await ensureKafkaJars(config.artifactsDir, config.pomFile, log);
  const folder = join(dataDir, 'data', 'kafka');
  const logFile = logFileOf(dataDir, 'kafka');
  await mkdir(folder, { recursive: true });
  const properties = join(dataDir, 'kafka.properties');
  await writeFile(properties, renderServerProperties(ports, folder));

  const archiveFile = join(config.artifactsDir, `kafka-${KAFKA_VERSION}-java-${java.version}.jsa`);
  const archive = await chooseArchive(archiveFile);
  if (!(await exists(join(folder, 'meta.properties')))) {
    const formatted = await runCommand(java.path, formatArguments(libs, properties, archive), { timeoutMs: FORMAT_TIMEOUT_MS });
    if (formatted.status !== 0) failWith('Kafka could not prepare its data folder', formatted.stderr || formatted.stdout);
  }
  const args = brokerArguments(libs, properties, memory, archive);
  const process = await spawnDetached({ command: java.path, args, cwd: dataDir, env: inheritedEnvironment(), logFile });
  const pending = 'write' in archive ? { pendingArchive: { from: archive.write, to: archiveFile } } : {};
  return { process, versions: { kafka: KAFKA_VERSION, java: java.version }, ...pending };
}

/** The archive is written by the first broker when it ends, so that no start waits for it. */
async function chooseArchive(archiveFile: string): Promise<NonNullable<ClassArchive>> {
  if (await exists(archiveFile)) return { use: archiveFile };
  return { write: `${archiveFile}.${crypto.randomUUID()}` };
}

/** Puts the archive of a broker that ended by itself into its place; that of a killed one is thrown away. */
export async function settleArchive(pending: EngineRecord['pendingArchive'], endedCleanly: boolean): Promise<void> {
  if (pending === undefined) return;
  if (endedCleanly && (await exists(pending.from))) await rename(pending.from, pending.to);
  else await rm(pending.from, { force: true });
}
