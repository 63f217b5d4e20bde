import type { Serving } from '@labelstream/shared/model/serving/document';
import { isInCanary } from '@labelstream/shared/model/serving/side';
import { describe, expect, it } from 'vitest';
import { createHeadPool } from '../../src/serving/pool.js';
import { openServingSwitch } from '../../src/serving/switch.js';
import { fakeHeads } from './fake-heads.js';

const ref = (id: string) => ({ bundle: `/${id}`, id });
const serving = (id: string, generation: number, more: Partial<Serving> = {}): Serving => ({ active: { ...ref(id), generation }, ...more });

describe('switching heads', () => {
  it('happens between micro-batches: one under way keeps its heads, which are closed after it', async () => {
    const { open, isOpen } = fakeHeads();
    const heads = await openServingSwitch(createHeadPool(open), { number: 0, serving: serving('a', 1) });
    await heads.prepare(1, serving('b', 2));
    expect([isOpen('a'), isOpen('b'), heads.isPrepared(1)]).toEqual([1, 1, true]);
    let finish = () => {};
    const running = heads.during(async (held) => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return held.active.id;
    });
    expect(heads.switchTo(1)).toBe(true);
    expect(await heads.during(async (held) => held.active.id)).toBe('b');
    expect(isOpen('a')).toBe(1);
    finish();
    expect(await running).toBe('a');
    await Promise.resolve();
    expect([isOpen('a'), isOpen('b')]).toEqual([0, 1]);
    await heads.close();
    expect(isOpen('b')).toBe(0);
  });

  it('switches only to what is prepared', async () => {
    const { open } = fakeHeads();
    const heads = await openServingSwitch(createHeadPool(open), { number: 0, serving: serving('a', 1) });
    expect(heads.switchTo(1)).toBe(false);
    expect(heads.current().number).toBe(0);
    await heads.close();
  });

  it('opens a head once, however many servings it is part of', async () => {
    const { open, opened, isOpen } = fakeHeads();
    const heads = await openServingSwitch(createHeadPool(open), { number: 0, serving: serving('a', 1) });
    await heads.prepare(1, serving('a', 1, { canary: { ...ref('b'), generation: 2, percent: 5 } }));
    heads.switchTo(1);
    await heads.prepare(2, serving('b', 3));
    heads.switchTo(2);
    expect(opened).toEqual(['a', 'b']);
    expect([isOpen('a'), isOpen('b')]).toEqual([0, 1]);
    await heads.close();
  });

  it('leaves nothing open of a serving of which one head cannot be opened, and goes on', async () => {
    const { open, isOpen } = fakeHeads('broken');
    const heads = await openServingSwitch(createHeadPool(open), { number: 0, serving: serving('a', 1) });
    await expect(heads.prepare(1, serving('b', 2, { shadow: ref('broken') }))).rejects.toThrow('broken');
    expect([isOpen('a'), isOpen('b'), heads.isPrepared(1)]).toEqual([1, 0, false]);
    expect(await heads.during(async (held) => held.active.id)).toBe('a');
    await heads.close();
  });

  it('closes what was prepared and is not wanted any more', async () => {
    const { open, isOpen } = fakeHeads();
    const heads = await openServingSwitch(createHeadPool(open), { number: 0, serving: serving('a', 1) });
    await heads.prepare(1, serving('b', 2));
    heads.forget();
    expect([isOpen('b'), heads.isPrepared(1)]).toEqual([0, false]);
    await heads.prepare(2, serving('c', 3));
    await heads.prepare(3, serving('d', 4));
    expect([isOpen('c'), isOpen('d')]).toEqual([0, 1]);
    await heads.close();
    expect([isOpen('a'), isOpen('d')]).toEqual([0, 0]);
  });

  it('closes what is prepared only after it has ended', async () => {
    const { open, isOpen } = fakeHeads();
    const heads = await openServingSwitch(createHeadPool(open), { number: 0, serving: serving('a', 1) });
    const preparing = heads.prepare(1, serving('b', 2));
    await heads.close();
    await preparing;
    expect([isOpen('a'), isOpen('b')]).toEqual([0, 0]);
  });

  it('gives each product the head of its side', async () => {
    const { open } = fakeHeads();
    const first = serving('a', 1, { canary: { ...ref('b'), generation: 2, percent: 30 } });
    const heads = await openServingSwitch(createHeadPool(open), { number: 0, serving: first });
    const sides = heads.current();
    for (let at = 0; at < 100; at++) {
      const { head, generation } = sides.headOf(`p${at}`);
      expect([head.id, generation]).toEqual(isInCanary(`p${at}`, 30) ? ['b', 2] : ['a', 1]);
    }
    await heads.close();
  });
});
