import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { inject } from 'vitest';
import { createBullmqJobQueue } from '../../src/adapters/bullmq/queue.js';
import { createRedisBackfillStore } from '../../src/adapters/bullmq/store.js';
import type { NewBackfill } from '../../src/job/backfill.js';
import type { BackfillStore } from '../../src/job/store.js';
import { createSupervisor } from '../../src/job/supervise.js';
import { type BackfillWorker, startBackfillWorker, type WorkerMetrics } from '../../src/job/worker.js';
import type { BackfillKind } from '../../src/kind.js';
import type { NumbersSpec } from './numbers-kind.js';

const log = pino({ level: 'silent' });
const SILENT: WorkerMetrics = { rangesUnderWay: () => {}, rangeEnded: () => {}, rows: () => {}, rowError: () => {} };

export interface WorkerOptions {
  readonly concurrency?: number;
  readonly sliceMs?: number;
}

/** Backfills of a prefix of their own on the run's Redis, with a lane that is always empty. */
export async function openDeployment() {
  const prefix = `test-${randomUUID().slice(0, 8)}.`;
  const redis = { url: inject('redisState'), prefix, log };
  const store = await createRedisBackfillStore(redis);
  const workers: BackfillWorker[] = [];
  const stores: BackfillStore[] = [store];

  async function work(kind: BackfillKind, { concurrency = 2, sliceMs = 60_000 }: WorkerOptions = {}) {
    const own = await createRedisBackfillStore(redis);
    stores.push(own);
    const queue = createBullmqJobQueue(redis);
    const deps = { workerId: randomUUID(), store: own, queue, concurrency, now: Date.now, log };
    const measure = async () => ({ inFlight: 0, liveLag: 0, liveLatencyMs: null });
    const supervisor = createSupervisor({ ...deps, measure, onFlow: () => {} });
    const worker = await startBackfillWorker({ ...deps, kinds: { listings: kind }, supervisor, sliceMs, metrics: SILENT });
    workers.push(worker);
    return { worker, id: deps.workerId };
  }

  return {
    prefix,
    store,
    work,
    async close() {
      await Promise.all(workers.map((worker) => worker.stop()));
      await Promise.all(stores.map((opened) => opened.close()));
    },
  };
}

/** A backfill of numbers. */
export const ofNumbers = (name: string, spec: NumbersSpec, over: Partial<NewBackfill> = {}): NewBackfill => ({
  name,
  from: 'listings',
  spec,
  priority: 50,
  maxErrors: 1000,
  ...over,
});
