import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalConfig } from '../config.js';
import { requireTools } from '../diagnosis.js';
import { choosePorts, type PortRequest } from '../ports.js';
import { type EngineRecord, portOf, withoutProcess } from '../state.js';
import { ENGINE_PARTS, type EngineMemory, type EnginePart, type EnginePorts, type Log, type ProcessRecord } from '../types.js';
import { failWith, readLog } from './failure.js';
import { findTools } from './machine.js';
import { becomesFree, isReady } from './network.js';
import { logFileOf, settleArchive, startPart } from './parts.js';
import { endProcess, isAlive, type ProcessEnd } from './process.js';
import type { StateStore } from './state-file.js';

const READY_POLL_MS = 50;
/** Includes reading a large append-only file on a busy machine. */
const READY_TIMEOUT_MS = 120_000;
/** Clients know the recorded ports: what was just killed gets the time to let go of them before the engine moves elsewhere. */
const RECORDED_PORT_WAIT_MS = 5_000;
/** A recorded process may be in the middle of its start, its starter killed. */
const SURVIVOR_TIMEOUT_MS = 5_000;
const STOP_TIMEOUT_MS: Record<EnginePart, number> = { kafka: 30_000, 'redis-state': 15_000, 'redis-cache': 15_000 };

/** What starting the native engine needs. */
export interface NativeStart {
  readonly config: LocalConfig;
  readonly dataDir: string;
  readonly memory: EngineMemory;
  readonly ports: Pick<PortRequest, 'configured' | 'preferred'>;
  readonly store: StateStore;
  readonly log: Log;
}

async function becomesReady(part: EnginePart, port: number, process: ProcessRecord, limitMs: number): Promise<'ready' | 'ended' | 'late'> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    if (await isReady(part, port)) return 'ready';
    if (!(await isAlive(process))) return 'ended';
    if (Date.now() >= deadline) return 'late';
    await sleep(READY_POLL_MS);
  }
}

/** The ports of a part's processes that go on running. */
function portsOfParts(parts: readonly EnginePart[], ports: EnginePorts): Partial<EnginePorts> {
  return {
    ...(parts.includes('kafka') ? { kafka: ports.kafka, kafkaController: ports.kafkaController } : {}),
    ...(parts.includes('redis-state') ? { redisState: ports.redisState } : {}),
    ...(parts.includes('redis-cache') ? { redisCache: ports.redisCache } : {}),
  };
}

/** The recorded parts that run and answer; those that run but do not answer are ended. */
async function surviving(recorded: EngineRecord | null): Promise<EnginePart[]> {
  if (recorded === null) return [];
  const checked = await Promise.all(
    ENGINE_PARTS.map(async (part) => {
      const process = recorded.processes[part];
      if (process === undefined || !(await isAlive(process))) return [];
      if ((await becomesReady(part, portOf(part, recorded.ports), process, SURVIVOR_TIMEOUT_MS)) === 'ready') return [part];
      await endProcess(process, STOP_TIMEOUT_MS[part]);
      return [];
    }),
  );
  return checked.flat();
}

const updateEngine = (store: StateStore, change: (engine: EngineRecord) => EngineRecord) =>
  store.update((state) => (state.engine === null ? state : { ...state, engine: change(state.engine) }));

/**
 * Starts what does not run of the three servers, all at once, each recorded as soon as it has a pid. If one fails, those started by
 * this call are ended again.
 * @returns whether anything had to be started.
 */
export async function startNative(start: NativeStart): Promise<boolean> {
  const { config, dataDir, memory, store, log } = start;
  const recorded = store.current().engine;
  const kept = await surviving(recorded);
  const missing = ENGINE_PARTS.filter((part) => !kept.includes(part));
  if (recorded !== null && missing.length === 0) return false;

  const { java } = requireTools(await findTools(config));
  const ports = await portsFor(start, recorded, kept);
  await settleArchive(missing.includes('kafka') ? recorded?.pendingArchive : undefined, false);
  await store.update((state) => ({ ...state, engine: nextRecord(recorded, kept, ports, memory) }));

  const startedAt = Date.now();
  async function startOne(part: EnginePart): Promise<void> {
    const started = await startPart(part, { config, dataDir, ports, memory, java, log });
    await updateEngine(store, (engine) => ({
      ...engine,
      processes: { ...engine.processes, [part]: started.process },
      versions: { ...engine.versions, ...started.versions },
      ...(started.pendingArchive === undefined ? {} : { pendingArchive: started.pendingArchive }),
    }));
    const port = portOf(part, ports);
    const outcome = await becomesReady(part, port, started.process, READY_TIMEOUT_MS);
    const logFile = logFileOf(dataDir, part);
    if (outcome !== 'ready')
      failWith(`${part} ${outcome === 'ended' ? 'ended while starting' : 'does not answer'}; see ${logFile}`, await readLog(logFile));
    log(`${part} is ready on port ${port} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
  }

  log(`starting ${missing.join(', ')}`);
  const outcomes = await Promise.allSettled(missing.map(startOne));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure === undefined) return true;
  await endParts(store, missing);
  throw failure.reason;
}

/** Those of the last start where they can be had; says so where a server moves, since clients that run go on asking at its old port. */
async function portsFor(
  { ports: wanted, log }: NativeStart,
  recorded: EngineRecord | null,
  kept: readonly EnginePart[],
): Promise<EnginePorts> {
  const last: Partial<EnginePorts> = recorded?.ports ?? {};
  const known = new Set(Object.values(last));
  const request = { ...wanted, kept: recorded === null ? {} : portsOfParts(kept, recorded.ports), recorded: last };
  const ports = await choosePorts(request, (port) => becomesFree(port, known.has(port) ? RECORDED_PORT_WAIT_MS : 0));
  for (const part of ENGINE_PARTS) {
    const [from, to] = [recorded === null ? undefined : portOf(part, recorded.ports), portOf(part, ports)];
    if (from !== undefined && from !== to) log(`${part} moves from port ${from}, which something else uses, to ${to}`);
  }
  return ports;
}

function nextRecord(recorded: EngineRecord | null, kept: readonly EnginePart[], ports: EnginePorts, memory: EngineMemory): EngineRecord {
  const processes = Object.fromEntries(Object.entries(recorded?.processes ?? {}).filter(([part]) => kept.some((name) => name === part)));
  const pending = kept.includes('kafka') && recorded?.pendingArchive ? { pendingArchive: recorded.pendingArchive } : {};
  return { kind: 'native', ports, memory, processes, versions: recorded?.versions ?? {}, ...pending };
}

/** Ends the recorded processes of these parts, all at once, and takes them out of the record. */
export async function endParts(store: StateStore, parts: readonly EnginePart[]): Promise<Partial<Record<EnginePart, ProcessEnd>>> {
  const ends: Partial<Record<EnginePart, ProcessEnd>> = {};
  await Promise.all(
    parts.map(async (part) => {
      const engine = store.current().engine;
      const process = engine?.processes[part];
      if (!engine || process === undefined) return;
      const end = await endProcess(process, STOP_TIMEOUT_MS[part]);
      ends[part] = end;
      if (part === 'kafka') await settleArchive(engine.pendingArchive, end === 'ended');
      await updateEngine(store, (current) => {
        const { pendingArchive, ...rest } = withoutProcess(current, part);
        return part === 'kafka' || pendingArchive === undefined ? rest : { ...rest, pendingArchive };
      });
    }),
  );
  return ends;
}
