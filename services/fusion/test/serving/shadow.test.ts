import { createMemoryKeyValueStore } from '@labelstream/shared/adapters/memory/key-value';
import { comparisonName, createServingStore, type ServingStore } from '@labelstream/shared/model/serving/store';
import { createLog } from '@labelstream/shared/observability/log';
import type { TokenSequence } from '@labelstream/shared/tensor/token-sequence';
import { Registry } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { createFusionMetrics } from '../../src/metrics.js';
import { createHeadPool, type Head } from '../../src/serving/pool.js';
import { createShadowWatch, type Labelled } from '../../src/serving/shadow.js';
import { openServingSwitch } from '../../src/serving/switch.js';
import { predictionOf } from './fake-heads.js';

const text: TokenSequence = { count: 1, width: 1, tokens: new Uint16Array(1), embedding: new Float32Array(1) };
const labelled = (productId: string, label: string): Labelled => ({
  productId,
  version: 1,
  input: { text },
  prediction: predictionOf(label),
});

let store: ServingStore;
let registry: Registry;
beforeEach(() => {
  store = createServingStore({ state: createMemoryKeyValueStore({ role: 'state' }), prefix: '', random: Math.random });
  registry = new Registry();
});

async function open(fuse: Head['model']['fuse']) {
  const pool = createHeadPool(async ({ id }) => ({ id, model: { fuse }, failed: new Promise<never>(() => {}), close: async () => {} }));
  const active = { bundle: '/a', id: 'a', generation: 1 };
  const heads = await openServingSwitch(pool, { number: 0, serving: { active, shadow: { bundle: '/b', id: 'b' } } });
  const log = createLog({ name: 'test', level: 'silent' });
  const watch = createShadowWatch({ store, id: 'm1', metrics: createFusionMetrics(registry), log, now: () => 1000, random: () => 0.5 });
  const counted = async () => {
    await watch.close();
    await heads.close();
    return (await store.comparisons(comparisonName('a', 'b')))[0];
  };
  return { held: heads.current(), watch, counted };
}

describe('a shadow', () => {
  it('labels what the active head has labelled, is compared with it, and its counts are stored and in the metrics', async () => {
    const { held, watch, counted } = await open(async (inputs) => inputs.map(() => predictionOf('Shirt')));
    watch.observe(held, [labelled('p1', 'Shirt'), labelled('p2', 'Dress')]);
    expect(await counted()).toMatchObject({
      since: 1000,
      listings: 2,
      tasks: { articleType: { compared: 2, agreed: 1 } },
      examples: [{ productId: 'p2', active: { label: 'Dress' }, shadow: { label: 'Shirt' } }],
    });
    const text = await registry.metrics();
    expect(text).toContain('labelstream_fusion_shadow_compared_total{task="articleType",agreed="true"} 1');
    expect(text).toContain('labelstream_fusion_shadow_confidence_drift{task="articleType"} 0');
  });

  it('skips listings while it is at earlier ones, so that it holds nobody up', async () => {
    let finish = () => {};
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { held, watch, counted } = await open(async (inputs) => {
      await gate;
      return inputs.map(() => predictionOf('Shirt'));
    });
    watch.observe(held, [labelled('p1', 'Shirt')]);
    watch.observe(held, [labelled('p2', 'Shirt'), labelled('p3', 'Shirt')]);
    finish();
    expect(await counted()).toMatchObject({ listings: 1, skipped: 2 });
  });

  it('has its failures counted, and goes on', async () => {
    let calls = 0;
    const { held, watch, counted } = await open(async (inputs) => {
      if (calls++ === 0) throw new Error('refused');
      return inputs.map(() => undefined);
    });
    watch.observe(held, [labelled('p1', 'Shirt')]);
    await new Promise((resolve) => setTimeout(resolve, 10));
    watch.observe(held, [labelled('p2', 'Shirt')]);
    expect(await counted()).toMatchObject({ failed: 2, listings: 0 });
    expect(await registry.metrics()).toContain('labelstream_fusion_shadow_listings_total{outcome="failed"} 2');
  });

  it('is not needed: without one nothing is counted', async () => {
    const { held, watch, counted } = await open(async () => []);
    const { shadow: _, ...alone } = held;
    watch.observe(alone, [labelled('p1', 'Shirt')]);
    expect(await counted()).toBeUndefined();
  });
});
