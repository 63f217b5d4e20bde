import type { TestProject } from 'vitest/node';
import { startTestEngine } from '../infra/local/src/testing.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Kafka bootstrap servers of the run's engine. */
    brokers: string[];
    /** URL of the Redis that never evicts. */
    redisState: string;
    /** URL of the Redis that may evict. */
    redisCache: string;
  }
}

/** Starts one native engine for all integration tests of a run; tests `inject` its addresses. Returns what ends it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const engine = await startTestEngine((line) => process.stderr.write(`engine: ${line}\n`));
  project.provide('brokers', engine.brokers);
  project.provide('redisState', engine.redisState);
  project.provide('redisCache', engine.redisCache);
  return engine.stop;
}
