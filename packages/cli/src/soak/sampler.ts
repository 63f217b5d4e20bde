import type { StageName } from '@labelstream/shared/stream/stage';
import { REDIS_QUANTITIES, SERVICE_QUANTITIES } from './quantities.js';
import type { RedisUse } from './redis.js';
import type { Recorder } from './series.js';

export interface SamplerDeps {
  readonly services: readonly { readonly stage: StageName; readonly port: number }[];
  readonly redis: readonly { readonly of: string; readonly url: string }[];
  /** Resolves with the text of a process's metrics, or null when it does not answer. */
  readonly askService: (port: number) => Promise<string | null>;
  readonly askRedis: (url: string) => Promise<RedisUse | null>;
  readonly recorder: Recorder;
}

const MIB = 1024 ** 2;

/** Takes one sample of everything. Who does not answer is left out of it. */
export async function takeSample({ services, redis, askService, askRedis, recorder }: SamplerDeps, seconds: number): Promise<void> {
  const ofServices = services.map(async ({ stage, port }) => {
    const metricsText = await askService(port);
    if (metricsText === null) return;
    for (const { id, metric, label, divisor } of SERVICE_QUANTITIES) {
      const value = metricOf(metricsText, metric, label === undefined ? [] : [label]);
      if (value !== null) recorder.add(id, stage, { seconds, value: value / divisor });
    }
  });
  const ofRedis = redis.map(async ({ of, url }) => {
    const use = await askRedis(url);
    if (use === null) return;
    recorder.add(REDIS_QUANTITIES.keys.id, of, { seconds, value: use.keys });
    recorder.add(REDIS_QUANTITIES.memory.id, of, { seconds, value: use.usedBytes / MIB });
  });
  await Promise.all([...ofServices, ...ofRedis]);
}

const SAMPLE = /^(?<name>\w+)(?:\{(?<labels>[^}]*)\})? (?<value>\S+)$/gm;

/**
 * The sum of a metric's values that have all these labels, from Prometheus' text format; null where there is none.
 *
 * @param labels as they are written there, `lane="live"` for example
 */
export function metricOf(metricsText: string, metric: string, labels: readonly string[] = []): number | null {
  const values = [...metricsText.matchAll(SAMPLE)].flatMap(({ groups }) =>
    groups?.name === metric && labels.every((label) => groups.labels?.includes(label)) ? [Number(groups.value)] : [],
  );
  const finite = values.filter(Number.isFinite);
  return finite.length === 0 ? null : finite.reduce((sum, value) => sum + value, 0);
}
