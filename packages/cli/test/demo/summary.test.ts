import { describe, expect, it } from 'vitest';
import { createAccount } from '../../src/demo/account.js';
import type { DemoPlan, PlannedMessage } from '../../src/demo/plan.js';
import { renderSummary } from '../../src/demo/render.js';
import { percentile, summarise } from '../../src/demo/summary.js';
import type { StageReport } from '../../src/pipeline/pipeline.js';
import { labels } from './labels.js';

const messages: PlannedMessage[] = ['a', 'b', 'c', 'd'].map((key) => ({
  key,
  version: 1,
  payload: { form: 'bytes', bytes: new Uint8Array() },
}));
const truth = new Map([
  ['a', { articleType: 'Shirts', season: 'Fall' }],
  ['b', { articleType: 'Jeans' }],
]);
const plan: DemoPlan = { listings: 4, messages, truth };

const sink = (drops: Record<string, number>): StageReport => ({ name: 'sink', pid: 1, health: 'ready', lag: 0, outcomes: {}, drops });

function accountOf(heard: boolean) {
  const account = createAccount();
  for (const message of messages) account.sent(message, 0);
  account.labelled(labels({ productId: 'a' }), 10);
  account.labelled(labels({ productId: 'b', image: 'MISSING' }, { imageWeight: 0, textWeight: 1, abstained: true }), 30);
  account.deadLettered({ key: 'c', code: 'EVENT_INVALID' });
  if (heard) account.deleted('d', 1);
  return account;
}

const summaryOf = (heard: boolean, drops: Record<string, number>, evaluate = true) =>
  summarise({ plan, account: accountOf(heard), services: [sink(drops)], engine: 'memory', durationMs: 2000, evaluate });

describe('the summary of a demo', () => {
  it('accounts for every listing', () => {
    expect(summaryOf(true, {})).toMatchObject({
      listings: 4,
      labelled: 2,
      deleted: 1,
      deadLettered: 1,
      dropped: 0,
      unaccounted: 0,
      listingsPerSecond: 2,
    });
  });

  it('believes a silent event to be dropped only as far as the sink counted drops', () => {
    expect(summaryOf(false, { STALE_VERSION: 1 })).toMatchObject({ dropped: 1, unaccounted: 0 });
    expect(summaryOf(false, {})).toMatchObject({ dropped: 0, unaccounted: 1 });
    expect(renderSummary(summaryOf(false, {}), () => '')).toContain('1 EVENTS ARE UNACCOUNTED FOR');
  });

  it('measures only where the truth is known, and modality weights only where both were used', () => {
    const { tasks, accuracy } = summaryOf(true, {});
    expect(accuracy).toEqual({ articleType: 0.5 });
    expect(tasks.articleType).toMatchObject({ abstained: 1, weights: { image: 0.25, text: 0.75 } });
  });

  it('counts listings whose text does not belong to the image, which say nothing of the modality weights', () => {
    const account = accountOf(true);
    account.labelled(labels({ productId: 'd', mismatched: true }, { imageWeight: 1, textWeight: 0 }), 40);
    const summary = summarise({ plan, account, services: [], engine: 'memory', durationMs: 2000, evaluate: true });
    expect(summary).toMatchObject({ mismatched: 1, tasks: { articleType: { weights: { image: 0.25, text: 0.75 } } } });
    expect(renderSummary(summary, () => '')).toContain('1 labelled from the image alone, because the text does not belong to it.');
    expect(renderSummary(summaryOf(true, {}), () => '')).not.toContain('does not belong');
  });

  it('does not pretend to an accuracy that nobody asked for', () => {
    expect(summaryOf(true, {}, false)).not.toHaveProperty('accuracy');
  });

  it('takes percentiles by nearest rank', () => {
    expect([percentile([1, 2, 3, 4], 0.5), percentile([1, 2, 3, 4], 0.99), percentile([7], 0.5), percentile([], 0.5)]).toEqual([
      2,
      4,
      7,
      null,
    ]);
  });
});
