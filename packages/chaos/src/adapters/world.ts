import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processIdentity } from '@labelstream/local/adapters/process';
import { engineStatus, startEngine } from '@labelstream/local/engine';
import type { EngineHandle, EngineMemory } from '@labelstream/local/types';
import type { EnginePartName, World } from '../faults/world.js';
import { copyAsNextGeneration, type FusionBundle } from './bundles.js';
import type { Fleet } from './fleet.js';
import type { ImageServer } from './image-server.js';
import { deletePublished, flushAll, limitMemory } from './redis-faults.js';

const GONE_POLL_MS = 20;

export interface WorldDeps {
  readonly engine: EngineHandle;
  readonly memory: EngineMemory;
  readonly fleet: Fleet;
  readonly images: ImageServer;
  readonly fusion: FusionBundle;
  readonly signal: AbortSignal;
}

/** The real things that are broken. */
export function createWorld({ engine, memory, fleet, images, fusion, signal }: WorldDeps): World {
  const { dataDir, redisCache, redisState } = engine;
  let bundle = fusion;
  const pause = (milliseconds: number) => sleep(milliseconds, undefined, { signal });

  async function killPart(part: EnginePartName, onReleased: () => void): Promise<void> {
    const { parts } = await engineStatus(dataDir);
    const pid = parts.find((one) => one.part === part)?.pid;
    if (pid !== undefined) await killAndWait(pid);
    onReleased();
    // At the same ports or not at all: the services cannot follow.
    await startEngine({ engine: 'native', dataDir, memory, ports: engine.ports });
  }

  return {
    instances: fleet.instances,
    fusionInstances: fleet.instancesOf('fusion'),
    async end(instance, name, onReleased) {
      const { started, ready } = fleet.successor(instance, await fleet.pidOf(instance));
      // Whoever waits for it to be ready hears of it.
      started.catch(() => {});
      await fleet.signal(instance, name);
      await started;
      onReleased();
      await ready;
    },
    async stopAndContinue(instance, forMs, onReleased) {
      await fleet.signal(instance, 'SIGSTOP');
      try {
        await pause(forMs);
      } finally {
        await fleet.signal(instance, 'SIGCONT');
      }
      onReleased();
    },
    killPart,
    flushCache: async () => void (await flushAll(redisCache)),
    async shrinkCache(forMs) {
      const restore = await limitMemory(redisCache);
      try {
        await pause(forMs);
      } finally {
        await restore();
      }
    },
    forgetPublished: async () => void (await deletePublished(redisState)),
    setImages: images.setMode,
    async prepareNextBundle() {
      bundle = await copyAsNextGeneration(bundle, join(dataDir, 'bundles'));
      fleet.configure('fusion', { FUSION_BUNDLE: bundle.folder });
      return bundle.generation;
    },
    sleep: pause,
  };
}

async function killAndWait(pid: number): Promise<void> {
  const identity = await processIdentity(pid);
  if (identity === null) return;
  process.kill(pid, 'SIGKILL');
  while ((await processIdentity(pid)) === identity) await sleep(GONE_POLL_MS);
}
