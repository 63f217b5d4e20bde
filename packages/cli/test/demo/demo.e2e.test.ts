import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DEMO_TOTALS } from '@labelstream/samples/demo/kinds';
import { type DemoAction, demoStream, expectedAtEnd } from '@labelstream/samples/demo/stream';
import type { ProductLabels } from '@labelstream/shared/events/records';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCliConfig } from '../../src/config.js';
import type { Account } from '../../src/demo/account.js';
import { runDemo } from '../../src/demo/run.js';
import { samplePlan } from '../../src/demo/sample-plan.js';
import { type DemoSummary, summarise } from '../../src/demo/summary.js';
import { openPipeline } from '../../src/pipeline/open.js';

const SEED = 11;

/** What the demo's stream left, after it went through the four service processes on a real Kafka and two real Redis. */
let folder: string;
let account: Account;
let summary: DemoSummary;
let actions: readonly DemoAction[];
const history: ProductLabels[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labelstream-e2e-'));
  const plan = await samplePlan(folder, { seed: SEED });
  actions = demoStream({ seed: SEED, imageBaseUri: pathToFileURL(plan.imageRoot ?? '').href, startAtMs: 0 }).actions;
  const signal = new AbortController().signal;
  const pipeline = await openPipeline({
    engine: 'native',
    topicPrefix: `e2e-${process.pid}.`,
    partitions: 4,
    settings: { IMAGE_FILE_ROOT: plan.imageRoot ?? '', IMAGE_RETRY_DELAYS_MS: '1000,2000,4000,8000' },
    log: () => {},
    signal,
    config: { ...readCliConfig(), dataDir: join(folder, 'data') },
  });
  try {
    const run = await runDemo(pipeline, plan, {
      lane: 'live',
      signal,
      stallMs: 60_000,
      onProgress: () => {},
      onLabels: (labels) => history.push(labels),
    });
    account = run.account;
    const services = await pipeline.reports();
    summary = summarise({ plan, account, services, engine: pipeline.engine, durationMs: run.durationMs, evaluate: true });
  } finally {
    await pipeline.stop();
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const ofKind = (outcome: DemoAction['expected']['outcome']) =>
  [...expectedAtEnd(actions)].filter(([, { expected }]) => expected.outcome === outcome);

describe('the demo through four processes', () => {
  it('accounts for every listing, each in the way it should end', () => {
    expect(summary).toMatchObject({
      listings: DEMO_TOTALS.listings,
      events: DEMO_TOTALS.events,
      labelled: DEMO_TOTALS.labelledProducts,
      deleted: DEMO_TOTALS.tombstones,
      dropped: DEMO_TOTALS.droppedStale,
      deadLettered: DEMO_TOTALS.deadLetters,
      unaccounted: 0,
      dropsByReason: { STALE_VERSION: DEMO_TOTALS.droppedStale },
    });
  });

  it('labels every product from what it has, and says what became of the rest', () => {
    for (const [key, { expected }] of ofKind('labelled')) {
      if (expected.outcome !== 'labelled') continue;
      const { image, text, version } = account.standing().get(key) ?? {};
      expect({ key, image, text }).toEqual({ key, image: expected.image, text: expected.text });
      expect(version).toBe(versionOf(key));
    }
  });

  it('labels a listing with a late image at once from its text, and again when the image is there', () => {
    const late = actions.filter(({ kind }) => kind === 'imageLate').map(({ key }) => key);
    expect(late.length).toBeGreaterThan(0);
    for (const key of late) {
      const passes = history.filter(({ productId }) => productId === key);
      expect(passes[0]).toMatchObject({ image: 'PENDING', text: 'USED', revision: 0 });
      expect(passes.at(-1)).toMatchObject({ image: 'USED', text: 'USED' });
      expect(passes.at(-1)?.revision).toBeGreaterThan(0);
    }
  });

  it('leaves tombstones for what was deleted', () => {
    for (const [key] of ofKind('tombstone')) expect(account.standing().has(key)).toBe(false);
  });

  it('sends to the dead letters what is no event, each with its code', () => {
    const expected = ofKind('deadLetter').map(([key, { expected }]) => ({
      key,
      code: expected.outcome === 'deadLetter' ? expected.code : '',
    }));
    const byKey = (a: { key: string }, b: { key: string }) => a.key.localeCompare(b.key);
    expect([...account.deadLetters()].sort(byKey)).toEqual(expected.sort(byKey));
  });

  it('publishes no version twice in the same revision, and none after a newer one', () => {
    const last = new Map<string, [number, number]>();
    for (const { productId, version, revision } of history) {
      const [lastVersion, lastRevision] = last.get(productId) ?? [-1, -1];
      expect(version > lastVersion || (version === lastVersion && revision > lastRevision)).toBe(true);
      last.set(productId, [version, revision]);
    }
  });

  it('gives each label its confidence, its modality weights, and the model that made it', () => {
    for (const { labels, model, image, text } of account.standing().values()) {
      expect(model).toMatchObject({
        encoder: expect.stringMatching(/@[0-9a-f]{12}$/),
        fusion: expect.stringMatching(/@[0-9a-f]{12}$/),
        generation: expect.any(Number),
      });
      for (const { confidence, imageWeight, textWeight } of labels) {
        expect(confidence).toBeGreaterThan(0);
        expect(confidence).toBeLessThanOrEqual(1);
        expect(imageWeight + textWeight).toBeCloseTo(1, 3);
        if (image !== 'USED') expect(imageWeight).toBe(0);
        if (text !== 'USED') expect(textWeight).toBe(0);
      }
    }
  });

  it('is right about most of what it can know', () => {
    expect(summary.accuracy?.articleType).toBeGreaterThan(0.85);
    expect(summary.accuracy?.baseColour).toBeGreaterThan(0.75);
  });
});

function versionOf(key: string): number {
  const { payload } = expectedAtEnd(actions).get(key) ?? {};
  return payload?.form === 'event' ? payload.event.version : 0;
}
