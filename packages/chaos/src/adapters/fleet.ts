import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { servicesStatus, startServices } from '@labelstream/local/services';
import type { ServiceEntry, ServiceStatus } from '@labelstream/local/types';
import { describeError, LabelstreamError } from '@labelstream/shared/errors';
import { STAGE_NAMES, type StageName } from '@labelstream/shared/stream/stage';

const INSTANCES_EACH = 2;
const SUPERVISE_EVERY_MS = 250;
const POLL_MS = 100;
/** Includes waiting for a Kafka that is being restarted, on a machine that starts several processes at once. */
const READY_WITHIN_MS = 120_000;
const ANSWER_WITHIN_MS = 2_000;

/** Several instances of every service, kept alive by a supervisor as a cluster would. */
export interface Fleet {
  readonly instances: readonly string[];
  instancesOf(stage: StageName): readonly string[];
  /** Starts all of them, resolves when all are ready, and from then on starts again whatever ends. */
  start(): Promise<void>;
  /** Processes of a stage that are started from now on have these environment variables as well. */
  configure(stage: StageName, env: Readonly<Record<string, string>>): void;
  /** Sends a signal to the instance that runs now. */
  signal(instance: string, name: NodeJS.Signals): Promise<void>;
  /** Resolves when the instance runs as another process than `pid`; and, `ready`, when that one answers that it is ready. */
  successor(instance: string, pid: number): { readonly started: Promise<void>; readonly ready: Promise<void> };
  pidOf(instance: string): Promise<number>;
  /** Instances that were started again. */
  restarts(): number;
  /** Leaves alone what ends from now on. */
  endSupervision(): Promise<void>;
}

export interface FleetDeps {
  readonly repositoryRoot: string;
  readonly dataDir: string;
  /** Environment variables of all services. */
  readonly settings: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** The recorded processes themselves are ended with the data folder, see `removeTestFolder` of the local engine. */
export function createFleet({ repositoryRoot, dataDir, settings, log, signal }: FleetDeps): Fleet {
  const stageBy: ReadonlyMap<string, StageName> = new Map(
    STAGE_NAMES.flatMap((stage) => Array.from({ length: INSTANCES_EACH }, (_, i) => [`${stage}-${i + 1}`, stage] as const)),
  );
  const instances = [...stageBy.keys()];
  const own = new Map<StageName, Readonly<Record<string, string>>>();
  const ending = new AbortController();
  let supervision: Promise<void> = Promise.resolve();
  let restarts = 0;

  const readyFile = (instance: string) => join(dataDir, 'ready', `${instance}.json`);

  function entryOf(instance: string): ServiceEntry {
    const stage = stageBy.get(instance) ?? 'ingest';
    return {
      name: instance,
      command: process.execPath,
      args: [join(repositoryRoot, 'services', stage, 'dist', 'main.js')],
      env: { ...settings, ...own.get(stage), HTTP_HOST: '127.0.0.1', HTTP_PORT: '0', READY_FILE: readyFile(instance) },
    };
  }

  const statusOf = async (instance: string): Promise<ServiceStatus | undefined> =>
    (await servicesStatus(dataDir)).find(({ name }) => name === instance);
  const pidOf = async (instance: string) => (await statusOf(instance))?.pid ?? 0;

  async function restartWhatEnded(): Promise<void> {
    const ended = (await servicesStatus(dataDir)).filter(({ name, alive }) => stageBy.has(name) && !alive);
    if (ended.length === 0 || ending.signal.aborted) return;
    restarts += ended.length;
    await startServices(
      ended.map(({ name }) => entryOf(name)),
      dataDir,
    );
  }

  async function supervise(): Promise<void> {
    while (!ending.signal.aborted) {
      await restartWhatEnded().catch((error: unknown) => log(`a service could not be started again: ${describeError(error)}`));
      await sleep(SUPERVISE_EVERY_MS);
    }
  }

  async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
    const deadline = Date.now() + READY_WITHIN_MS;
    while (!(await condition())) {
      signal.throwIfAborted();
      if (Date.now() > deadline)
        throw new LabelstreamError('ENGINE_UNAVAILABLE', `${what} for ${READY_WITHIN_MS / 1000} s; see ${dataDir}/logs`);
      await sleep(POLL_MS);
    }
  }

  /** Ready as it runs now: one that waited may have been restarted once more. */
  async function isReadyNow(instance: string): Promise<boolean> {
    const status = await statusOf(instance);
    return status?.alive === true && isReady(readyFile(instance), status.pid);
  }

  return {
    instances,
    instancesOf: (stage) => instances.filter((instance) => stageBy.get(instance) === stage),
    async start() {
      await startServices(instances.map(entryOf), dataDir);
      await Promise.all(instances.map((instance) => until(() => isReadyNow(instance), `${instance} was not ready`)));
      supervision = supervise();
    },
    configure: (stage, env) => void own.set(stage, { ...own.get(stage), ...env }),
    async signal(instance, name) {
      const status = await statusOf(instance);
      if (status?.alive === true) process.kill(status.pid, name);
    },
    successor(instance, pid) {
      const started = until(async () => (await pidOf(instance)) !== pid, `${instance} was not started again`);
      return { started, ready: started.then(() => until(() => isReadyNow(instance), `${instance} was not ready`)) };
    },
    pidOf,
    restarts: () => restarts,
    async endSupervision() {
      ending.abort();
      await supervision;
    },
  };
}

async function isReady(path: string, pid: number): Promise<boolean> {
  try {
    const line = JSON.parse(await readFile(path, 'utf8')) as { pid?: number; port?: number };
    if (line.pid !== pid || line.port === undefined) return false;
    const answer = await fetch(`http://127.0.0.1:${line.port}/readyz`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    // Not there yet, being written, or of one that has ended.
    return false;
  }
}
