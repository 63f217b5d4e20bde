import { LabelstreamError } from '@labelstream/shared/errors';
import type { Serving } from '@labelstream/shared/model/serving/document';
import { isInCanary } from '@labelstream/shared/model/serving/side';
import { describe, expect, test } from 'vitest';
import { chooseHead, describeChoice } from '../../src/explain/choose-head.js';

const active = { bundle: 's3://models/seven', id: 'seven@1', generation: 7 };
const canary = { bundle: 'models/eight', id: 'eight@1', generation: 8, percent: 50 };
const ids = Array.from({ length: 20 }, (_, at) => `p${at}`);

const choose = (which: { given?: string; productId?: string }, serving: () => Promise<Serving | null>) =>
  chooseHead(which, { fusionBundle: '/models/six', repositoryRoot: '/root', serving });

describe('the head of an explanation', () => {
  test('is the active one of the deployment, for products of the canary the canary', async () => {
    const serving = async () => ({ active, canary });
    expect(await choose({}, serving)).toEqual({
      bundle: 's3://models/seven',
      from: 'active',
      served: { id: 'seven@1', generation: 7 },
    });
    for (const productId of ids) {
      const from = isInCanary(productId, 50) ? 'canary' : 'active';
      expect((await choose({ productId }, serving)).from).toBe(from);
    }
    const inside = ids.find((id) => isInCanary(id, 50))!;
    const chosen = await choose({ productId: inside }, serving);
    expect(chosen).toMatchObject({ bundle: '/root/models/eight', served: { id: 'eight@1', generation: 8 } });
    expect(describeChoice(chosen)).toBe('the canary of the deployment, which this product belongs to, generation 8');
  });

  test('is that of the setting where nothing was promoted, or nobody can be asked', async () => {
    expect(await choose({ productId: 'p' }, async () => null)).toEqual({
      bundle: '/models/six',
      from: 'setting',
      why: 'nothing was ever promoted',
    });
    const down = await choose({}, () => Promise.reject(new LabelstreamError('STATE_UNAVAILABLE', 'it is away')));
    expect(down).toMatchObject({ bundle: '/models/six', from: 'setting' });
    expect(describeChoice(down)).toMatch(/^as FUSION_BUNDLE says \(no deployment could be asked: .*it is away\)$/);
    await expect(choose({}, () => Promise.reject(new Error('a mistake')))).rejects.toThrow('a mistake');
  });

  test('is the one that is named, and nobody is asked', async () => {
    const chosen = await choose({ given: 'mine' }, () => Promise.reject(new Error('asked')));
    expect(chosen).toEqual({ bundle: 'mine', from: 'given' });
  });
});
