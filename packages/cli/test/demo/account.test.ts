import type { ProductLabels } from '@labelstream/shared/events/records';
import { describe, expect, it } from 'vitest';
import { createAccount } from '../../src/demo/account.js';
import type { PlannedMessage } from '../../src/demo/plan.js';
import { labels } from './labels.js';

const message = (key: string, version = 1): PlannedMessage => ({ key, version, payload: { form: 'bytes', bytes: new Uint8Array() } });
const said = (productId: string, over: Partial<ProductLabels> = {}) => labels({ productId, ...over });

describe('the account of a demo', () => {
  it('hears of every message once, however often it is labelled', () => {
    const account = createAccount();
    account.sent(message('a'), 100);
    account.labelled(said('a'), 150);
    account.labelled(said('a', { revision: 1 }), 900);
    expect(account).toSatisfy(() => account.unheard() === 0 && account.published() === 2);
    expect(account.latenciesMs()).toEqual([50]);
  });

  it('keeps what stands: the last labels, and nothing of a deleted product', () => {
    const account = createAccount();
    for (const each of [message('a', 1), message('a', 2), message('b', 1), message('b', 2)]) account.sent(each, 0);
    account.labelled(said('a'), 1);
    account.labelled(said('a', { version: 2 }), 2);
    account.labelled(said('b'), 3);
    account.deleted('b', 2);
    expect([...account.standing()].map(([key, { version }]) => [key, version])).toEqual([['a', 2]]);
    expect(account.deletedProducts()).toBe(1);
    expect(account.unheard()).toBe(0);
  });

  it('leaves unheard what was dropped', () => {
    const account = createAccount();
    account.sent(message('a', 2), 0);
    account.sent(message('a', 1), 1);
    account.labelled(said('a', { version: 2 }), 2);
    expect(account.unheard()).toBe(1);
  });

  it('counts dead letters by their key', () => {
    const account = createAccount();
    account.sent(message('bad', 0), 0);
    account.deadLettered({ key: 'bad', code: 'EVENT_INVALID' });
    account.deadLettered({ key: 'never sent', code: 'EVENT_INVALID' });
    expect(account.unheard()).toBe(0);
    expect(account.deadLetters()).toHaveLength(2);
  });
});
