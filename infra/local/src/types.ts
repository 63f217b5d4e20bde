/** Receives one line of progress; the caller decides where it goes (the command line: stderr). */
export type Log = (line: string) => void;

/** How the local engine runs: containers, or processes of this machine. */
export type EngineKind = 'docker' | 'native';

/** The three servers of an engine. */
export type EnginePart = 'kafka' | 'redis-state' | 'redis-cache';

/** Every part, in the order in which they are listed. */
export const ENGINE_PARTS = ['kafka', 'redis-state', 'redis-cache'] as const satisfies readonly EnginePart[];

/** TCP ports on 127.0.0.1. */
export interface EnginePorts {
  readonly kafka: number;
  /** Kafka's controller listener; in use by the native engine only. */
  readonly kafkaController: number;
  readonly redisState: number;
  readonly redisCache: number;
}

/** Memory limits of the engine's servers, in MiB. */
export interface EngineMemory {
  /** Kafka's Java heap. */
  readonly kafkaHeapMb: number;
  /** What the cache Redis may hold before it evicts. */
  readonly cacheMaxMb: number;
}

/** Limits that hold the default demo and a catalogue of some 100,000 listings. */
export const DEFAULT_MEMORY: EngineMemory = { kafkaHeapMb: 512, cacheMaxMb: 1024 };

/** A process of ours. The identity (boot and start time) makes sure that a recycled pid is never taken for it. */
export interface ProcessRecord {
  readonly pid: number;
  readonly identity: string;
}

/** Where the engine's servers are reached. */
export interface EngineAddresses {
  /** Kafka bootstrap servers, `host:port`. */
  readonly brokers: string[];
  /** URL of the Redis that never evicts: BullMQ and what was published last. */
  readonly redisState: string;
  /** URL of the Redis that may evict: pixels and token sequences. */
  readonly redisCache: string;
}

/** A running engine. */
export interface EngineHandle extends EngineAddresses {
  readonly kind: EngineKind;
  /** Process ids by part; empty with Docker. */
  readonly pids: Partial<Record<EnginePart, number>>;
  readonly ports: EnginePorts;
  readonly versions: Record<string, string>;
  readonly dataDir: string;
  readonly logsDir: string;
  /** Whether this call started anything; false when all of it already ran. */
  readonly started: boolean;
}

/** One server as it is now. */
export interface PartStatus {
  readonly part: EnginePart;
  readonly port: number;
  /** Absent with Docker, and when the part does not run. */
  readonly pid?: number;
  /** The recorded process exists (with Docker: same as `healthy`). */
  readonly alive: boolean;
  /** It answered a real request of its protocol just now. */
  readonly healthy: boolean;
}

/** The engine of a data folder as it is now; the addresses are those last recorded. */
export interface EngineStatus extends EngineAddresses {
  /** All parts are healthy. */
  readonly running: boolean;
  /** Null when no engine was ever started in this data folder. */
  readonly kind: EngineKind | null;
  readonly parts: PartStatus[];
  readonly versions: Record<string, string>;
  readonly dataDir: string;
  readonly logsDir: string;
}

/** A process to keep running beside the engine. */
export interface ServiceEntry {
  /** Unique; names the log file. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the environment of the calling process. */
  readonly env: Readonly<Record<string, string>>;
}

/** A supervised service as it is now. */
export interface ServiceStatus {
  readonly name: string;
  readonly pid: number;
  readonly alive: boolean;
  readonly logFile: string;
}
