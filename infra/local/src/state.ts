import { LabelstreamError } from '@labelstream/shared/errors';
import type { EngineAddresses, EngineKind, EngineMemory, EnginePart, EnginePorts, ProcessRecord } from './types.js';

/** What is known of the engine of a data folder. It outlives `stop`, so that the next start finds the same ports and the same data. */
export interface EngineRecord {
  readonly kind: EngineKind;
  readonly ports: EnginePorts;
  readonly memory: EngineMemory;
  /** Parts that were started and not ended since. */
  readonly processes: Partial<Record<EnginePart, ProcessRecord>>;
  readonly versions: Record<string, string>;
  /** Class-data archive that the running broker writes when it ends; moved into place once it is whole. */
  readonly pendingArchive?: { readonly from: string; readonly to: string };
}

/** A service that was started and not ended since. */
export interface ServiceRecord {
  readonly name: string;
  readonly process: ProcessRecord;
  /** Hash of command, arguments and added environment: a changed service is started anew. */
  readonly fingerprint: string;
}

/** The one file of a data folder that says what runs. */
export interface LocalState {
  readonly format: 1;
  readonly engine: EngineRecord | null;
  readonly services: readonly ServiceRecord[];
}

/** The state of a data folder where nothing was started yet. */
export const EMPTY_STATE: LocalState = { format: 1, engine: null, services: [] };

function isState(value: unknown): value is LocalState {
  if (typeof value !== 'object' || value === null) return false;
  const { format, engine, services } = value as Partial<Record<keyof LocalState, unknown>>;
  return format === 1 && (engine === null || typeof engine === 'object') && Array.isArray(services);
}

/**
 * Reads the state file's text. `path` is for the message only.
 * @throws LabelstreamError CONFIG_INVALID where the text is not a state: going on would forget processes that may still run.
 */
export function parseState(text: string, path: string): LocalState {
  try {
    const value: unknown = JSON.parse(text);
    if (isState(value)) return value;
  } catch (cause) {
    throw new LabelstreamError('CONFIG_INVALID', damaged(path), { cause });
  }
  throw new LabelstreamError('CONFIG_INVALID', damaged(path));
}

const damaged = (path: string) => `${path} cannot be read as the record of the local engine; end the processes it names and delete it.`;

/** The text of a state file. */
export function formatState(state: LocalState): string {
  return `${JSON.stringify(state, null, 2)}\n`;
}

/** The addresses that clients use for these ports. */
export function addressesOf(ports: EnginePorts): EngineAddresses {
  return {
    brokers: [`127.0.0.1:${ports.kafka}`],
    redisState: `redis://127.0.0.1:${ports.redisState}`,
    redisCache: `redis://127.0.0.1:${ports.redisCache}`,
  };
}

/** The port on which a part is reached. */
export function portOf(part: EnginePart, ports: EnginePorts): number {
  return { kafka: ports.kafka, 'redis-state': ports.redisState, 'redis-cache': ports.redisCache }[part];
}

/** The engine record without a part's process. */
export function withoutProcess(engine: EngineRecord, part: EnginePart): EngineRecord {
  const { [part]: _ended, ...processes } = engine.processes;
  return { ...engine, processes };
}
