import type { BackfillStore } from '@labelstream/backfill/job/store';
import type { BackfillParts } from '@labelstream/backfill/open';
import { commonSettings, readConfig } from '@labelstream/shared/config';
import { createLifecycle, startOrRollBack } from '@labelstream/shared/stream/lifecycle';
import type { CliConfig } from '../config.js';
import { addressedEnv } from '../connect.js';
import { commandLog } from '../log.js';
import { picturesFolder } from '../source/data-folder.js';

/** Opens the record of backfills, of the deployment that the environment names, else of the local engine, and closes it after `act`. */
export async function withStore<T>(config: CliConfig, act: (store: BackfillStore) => Promise<T>): Promise<T> {
  const { openBackfillStore } = await import('@labelstream/backfill/open');
  const env = await addressedEnv(config.env, config.dataDir);
  const store = await openBackfillStore(readConfig(commonSettings, env), commandLog(env));
  try {
    return await act(store);
  } finally {
    await store.close();
  }
}

/** Connects to everything that backfills need, and closes it after `act`. Throws what does not answer, at once. */
export async function withParts<T>(config: CliConfig, act: (parts: BackfillParts) => Promise<T>): Promise<T> {
  const { openBackfill } = await import('@labelstream/backfill/open');
  // Tars are unpacked where ingest looks; the setting of a deployment goes before it.
  const env = { BACKFILL_PICTURES_DIR: picturesFolder(config), ...(await addressedEnv(config.env, config.dataDir)) };
  const settings = readConfig(commonSettings, env);
  const log = commandLog(env);
  const lifecycle = createLifecycle(log);
  return startOrRollBack(lifecycle, async () => {
    // Whoever waits at a terminal wants to know what is down.
    const parts = await openBackfill({ settings, env, log, lifecycle, wait: (operation) => operation() });
    const result = await act(parts);
    await lifecycle.close();
    return result;
  });
}
