import { commonSettings, readConfig } from '@labelstream/shared/config';
import { createServingStore, type ServingStore } from '@labelstream/shared/model/serving/store';
import type { CliConfig } from '../config.js';
import { addressedEnv } from '../connect.js';
import { commandLog } from '../log.js';

/** What a deployment serves, in its state Redis. */
export interface Deployment {
  readonly store: ServingStore;
  close(): Promise<void>;
}

/** Connects to the state Redis of the environment, else to that of the local engine. Throws STATE_UNAVAILABLE, BROKER_UNAVAILABLE. */
export async function openDeployment({ env: given }: Pick<CliConfig, 'env'>, dataDir: string): Promise<Deployment> {
  const env = await addressedEnv(given, dataDir);
  const { createRedisKeyValueStore } = await import('@labelstream/shared/adapters/redis/key-value');
  const { redisTls } = await import('@labelstream/shared/service/open-context');
  const settings = readConfig(commonSettings, env);
  const log = commandLog(env);
  const state = await createRedisKeyValueStore({ url: settings.REDIS_STATE_URL, role: 'state', tls: redisTls(settings), log });
  return { store: createServingStore({ state, prefix: settings.TOPIC_PREFIX, random: Math.random }), close: () => state.close() };
}
