import { resolve } from 'node:path';
import { LabelstreamError } from '@labelstream/shared/errors';
import { composeDown, composeUp, dockerVersion } from './adapters/docker.js';
import { endParts, startNative } from './adapters/native-engine.js';
import { isPortFree, isReady } from './adapters/network.js';
import { logFileOf } from './adapters/parts.js';
import { isAlive } from './adapters/process.js';
import { readState, type StateStore, withState } from './adapters/state-file.js';
import { type LocalConfig, readLocalConfig } from './config.js';
import { choosePorts } from './ports.js';
import { addressesOf, type EngineRecord, portOf } from './state.js';
import {
  DEFAULT_MEMORY,
  ENGINE_PARTS,
  type EngineHandle,
  type EngineKind,
  type EngineMemory,
  type EnginePorts,
  type EngineStatus,
  type Log,
  type PartStatus,
} from './types.js';

/** What to start, and where. */
export interface EngineOptions {
  /** `auto`: what this folder used last, else Docker where an engine answers, else native processes. */
  readonly engine?: 'auto' | EngineKind;
  /** Folder of the records, logs and data; default `.labelstream` of the repository. */
  readonly dataDir?: string;
  /** Folder of downloaded programs; default `LABELSTREAM_ARTIFACTS_DIR`, else `.labelstream/artifacts` of the repository. */
  readonly artifactsDir?: string;
  /** Ports that must be used, or `random` for ones that nobody else likes; default: the last ones, else 19092, 16379, 16380, else random. */
  readonly ports?: Partial<EnginePorts> | 'random';
  readonly memory?: Partial<EngineMemory>;
  readonly log?: Log;
}

const silent: Log = () => {};

/**
 * Starts Kafka and the two Redis, and returns when all three answer. What already runs is left as it is; what is recorded but dead is
 * started again on its data. Two calls on the same folder never start two engines: the second waits and finds the first one's.
 * @throws LabelstreamError ENGINE_UNAVAILABLE with what to install, CONFIG_INVALID for a port in use or another kind of engine running.
 */
export async function startEngine(options: EngineOptions = {}): Promise<EngineHandle> {
  const config = configFor(options);
  const { dataDir } = config;
  const log = options.log ?? silent;
  return withState(dataDir, log, async (store) => {
    const recorded = store.current().engine;
    const parts = recorded === null ? [] : await checkParts(recorded);
    if (recorded !== null && parts.some(({ alive }) => alive)) refuseOtherKind(options.engine, recorded);
    if (recorded !== null && parts.every(({ healthy }) => healthy)) return handleOf(recorded, dataDir, false);

    const kind = await chooseKind(options.engine ?? 'auto', recorded, log);
    const memory = { ...DEFAULT_MEMORY, ...options.memory };
    const ports = {
      configured: typeof options.ports === 'object' ? options.ports : {},
      preferred: options.ports !== 'random',
    };
    const started =
      kind === 'docker'
        ? await startDocker(config, memory, ports, store, log)
        : await startNative({ config, dataDir, memory, ports, store, log });
    const engine = store.current().engine;
    if (engine === null) throw new LabelstreamError('ENGINE_UNAVAILABLE', 'The engine started, but was not recorded.');
    return handleOf(engine, dataDir, started);
  });
}

/** Ends the engine of a data folder, by recorded pid only; its data, ports and logs stay. Does nothing where none runs. */
export async function stopEngine(dataDir?: string, log: Log = silent): Promise<void> {
  const config = configFor(dataDir === undefined ? {} : { dataDir });
  await withState(config.dataDir, log, async (store) => {
    const { engine } = store.current();
    if (engine === null) return;
    if (engine.kind === 'docker') return composeDown(config.composeFile, config.dataDir);
    const ends = await endParts(store, ENGINE_PARTS);
    for (const [part, end] of Object.entries(ends))
      if (end !== 'gone') log(`${part} ${end === 'killed' ? 'did not end in time and was killed' : 'ended'}`);
  });
}

/** What runs in a data folder, asked of the servers themselves. Changes nothing. */
export async function engineStatus(dataDir?: string): Promise<EngineStatus> {
  const { dataDir: folder } = configFor(dataDir === undefined ? {} : { dataDir });
  const { engine } = await readState(folder);
  const logsDir = resolve(folder, 'logs');
  if (engine === null) {
    return { running: false, kind: null, parts: [], versions: {}, brokers: [], redisState: '', redisCache: '', dataDir: folder, logsDir };
  }
  const parts = await checkParts(engine);
  const running = parts.every(({ healthy }) => healthy);
  return { running, kind: engine.kind, parts, versions: engine.versions, ...addressesOf(engine.ports), dataDir: folder, logsDir };
}

/** The log file of one of the engine's parts or of a service. */
export function logFile(dataDir: string | undefined, name: string): string {
  return logFileOf(configFor(dataDir === undefined ? {} : { dataDir }).dataDir, name);
}

function configFor({ dataDir, artifactsDir }: Pick<EngineOptions, 'dataDir' | 'artifactsDir'>): LocalConfig {
  const config = readLocalConfig();
  return {
    ...config,
    dataDir: dataDir === undefined ? config.dataDir : resolve(dataDir),
    artifactsDir: artifactsDir === undefined ? config.artifactsDir : resolve(artifactsDir),
  };
}

function checkParts(engine: EngineRecord): Promise<PartStatus[]> {
  return Promise.all(
    ENGINE_PARTS.map(async (part): Promise<PartStatus> => {
      const port = portOf(part, engine.ports);
      const process = engine.processes[part];
      if (engine.kind === 'docker') {
        const healthy = await isReady(part, port);
        return { part, port, alive: healthy, healthy };
      }
      if (process === undefined || !(await isAlive(process))) return { part, port, alive: false, healthy: false };
      return { part, port, pid: process.pid, alive: true, healthy: await isReady(part, port) };
    }),
  );
}

function refuseOtherKind(wanted: EngineOptions['engine'], running: EngineRecord): void {
  if (wanted === undefined || wanted === 'auto' || wanted === running.kind) return;
  throw new LabelstreamError('CONFIG_INVALID', `A ${running.kind} engine runs in this folder; stop it before starting a ${wanted} one.`);
}

async function chooseKind(wanted: 'auto' | EngineKind, recorded: EngineRecord | null, log: Log): Promise<EngineKind> {
  if (wanted === 'native' || (wanted === 'auto' && recorded?.kind === 'native')) return 'native';
  if ((await dockerVersion()) !== null) return 'docker';
  if (wanted === 'docker') {
    throw new LabelstreamError(
      'ENGINE_UNAVAILABLE',
      'No Docker engine with Compose answers; start Docker, or use native processes (--engine native).',
    );
  }
  if (recorded?.kind === 'docker') log('Docker does not answer any more: going on with native processes, without the data in its volumes');
  return 'native';
}

async function startDocker(
  { composeFile, dataDir }: LocalConfig,
  memory: EngineMemory,
  wanted: { configured: Partial<EnginePorts>; preferred: boolean },
  store: StateStore,
  log: Log,
): Promise<boolean> {
  const recorded = store.current().engine;
  // Containers that run keep their recorded ports: to the port check they would look taken.
  const own = recorded?.kind === 'docker' ? recorded.ports : {};
  const isOwn = (port: number) => Object.values(own).includes(port);
  const ports = await choosePorts({ ...wanted, kept: {}, recorded: own }, async (port) => isOwn(port) || (await isPortFree(port)));
  log('starting Kafka and two Redis with Docker Compose');
  const versions = { docker: (await dockerVersion()) ?? 'unknown' };
  await store.update((state) => ({ ...state, engine: { kind: 'docker', ports, memory, processes: {}, versions } }));
  await composeUp(composeFile, dataDir, ports, memory);
  return true;
}

function handleOf(engine: EngineRecord, dataDir: string, started: boolean): EngineHandle {
  const pids = Object.fromEntries(Object.entries(engine.processes).map(([part, { pid }]) => [part, pid]));
  const { kind, ports, versions } = engine;
  return { kind, pids, ports, versions, ...addressesOf(ports), dataDir, logsDir: resolve(dataDir, 'logs'), started };
}
