import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TaskSpec } from '../../src/bundle/manifest.js';
import { createDecision, patternOf } from '../../src/model/decide.js';

const spec = (over: Partial<TaskSpec> = {}): TaskSpec => ({
  name: 'articleType',
  labels: ['Shirt', 'Dress', 'Shoe', 'Bag', 'Cap'],
  paths: { Shirt: ['Apparel', 'Topwear', 'Shirt'] },
  targetPrecision: 0.9,
  temperature: { complete: 1, imageOnly: 2, textOnly: 1 },
  threshold: { complete: 0.5, imageOnly: 0.5, textOnly: null },
  ...over,
});

const decideTask = (task: TaskSpec, ...given: Parameters<ReturnType<typeof createDecision>>) => createDecision(task)(...given);

describe('patternOf', () => {
  it.each([
    [true, true, 'complete'],
    [true, false, 'imageOnly'],
    [false, true, 'textOnly'],
    [false, false, undefined],
  ])('image %s and text %s are %s', (image, text, pattern) => {
    expect(patternOf(image, text)).toBe(pattern);
  });
});

describe('createDecision', () => {
  it('gives the likeliest label with its path, and the next three', () => {
    const decision = decideTask(spec(), [5, 1, 3, 2, 0], [0.25, 0.75], 'complete');
    expect(decision).toMatchObject({ task: 'articleType', label: 'Shirt', path: ['Apparel', 'Topwear', 'Shirt'], abstained: false });
    expect(decision.alternatives.map(({ label }) => label)).toEqual(['Shoe', 'Bag', 'Dress']);
    expect([decision.imageWeight, decision.textWeight]).toEqual([0.25, 0.75]);
  });

  it('leaves path and category out where the bundle has none', () => {
    const decision = decideTask(spec(), [0, 9, 0, 0, 0], [1, 0], 'imageOnly');
    expect(decision).not.toHaveProperty('path');
    expect(decision).not.toHaveProperty('category');
  });

  it('names the label’s category in the taxonomy of the bundle, and leaves it out for a label that has none', () => {
    const byLabel = { Shirt: { id: '212', path: ['Apparel & Accessories', 'Clothing', 'Shirts & Tops'] } };
    const task = spec({ category: { taxonomy: 'google-product-taxonomy', byLabel } });
    expect(decideTask(task, [9, 0, 0, 0, 0], [1, 0], 'complete')).toMatchObject({
      path: ['Apparel', 'Topwear', 'Shirt'],
      category: { taxonomy: 'google-product-taxonomy', id: '212', path: ['Apparel & Accessories', 'Clothing', 'Shirts & Tops'] },
    });
    expect(decideTask(task, [0, 9, 0, 0, 0], [1, 0], 'complete')).not.toHaveProperty('category');
  });

  it('calibrates with the temperature of what the listing has', () => {
    const logits = [3, 1, 0, 0, 0];
    const [complete, imageOnly] = (['complete', 'imageOnly'] as const).map((pattern) => decideTask(spec(), logits, [1, 0], pattern));
    expect(complete!.confidence).toBeGreaterThan(imageOnly!.confidence);
    expect(complete!.label).toBe(imageOnly!.label);
  });

  it('always abstains where the target precision is never reached', () => {
    expect(decideTask(spec(), [99, 0, 0, 0, 0], [0, 1], 'textOnly')).toMatchObject({ confidence: 1, abstained: true });
  });

  it('gives a label whose confidence is just the threshold', () => {
    const threshold = { complete: 0.5, imageOnly: null, textOnly: null };
    expect(decideTask(spec({ labels: ['a', 'b'], threshold }), [1, 1], [1, 0], 'complete')).toMatchObject({
      label: 'a',
      confidence: 0.5,
      abstained: false,
    });
  });

  it('gives a tie to the label that the bundle names first', () => {
    const { label, alternatives } = decideTask(spec(), [1, 1, 1, 1, 1], [1, 0], 'complete');
    expect([label, ...alternatives.map((each) => each.label)]).toEqual(['Shirt', 'Dress', 'Shoe', 'Bag']);
  });

  it('takes no label for a property of JavaScript’s objects', () => {
    const labels = ['constructor', 'toString'];
    const category = { taxonomy: 'shop', byLabel: {} };
    const decision = decideTask(spec({ labels, paths: {}, category }), [1, 0], [1, 0], 'complete');
    expect(decision).toMatchObject({ label: 'constructor' });
    expect(decision).not.toHaveProperty('path');
    expect(decision).not.toHaveProperty('category');
  });

  describe('with a walk', () => {
    const labels = ['Wear', 'Wear > Shirt', 'Wear > Dress', 'Shoe'];
    const taxonomy = spec({
      labels,
      paths: Object.fromEntries(labels.map((label) => [label, label.split(' > ')])),
      walk: { beam: 2 },
      threshold: { complete: 0.8, imageOnly: 0.8, textOnly: null },
    });

    it('gives the deepest category that reaches the threshold, and the ends of the other paths', () => {
      expect(decideTask(taxonomy, [0, 9, 2, 0], [1, 0], 'complete')).toMatchObject({
        label: 'Wear > Shirt',
        path: ['Wear', 'Shirt'],
        abstained: false,
        alternatives: [{ label: 'Wear > Dress' }, { label: 'Shoe' }],
      });
      expect(decideTask(taxonomy, [0, 5, 5, 0], [1, 0], 'complete')).toMatchObject({ label: 'Wear', path: ['Wear'], abstained: false });
    });

    it('abstains with the first category of the best path where not even that reaches it', () => {
      expect(decideTask(taxonomy, [0, 1, 1, 1], [1, 0], 'complete')).toMatchObject({ label: 'Shoe', abstained: true });
      expect(decideTask(taxonomy, [0, 9, 1, 0], [0, 1], 'textOnly')).toMatchObject({ label: 'Wear', abstained: true });
    });
  });

  const logits = fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 5, maxLength: 5 });
  const weight = fc.double({ min: 0, max: 1, noNaN: true });

  it('keeps weights a split of one and confidences a part of one, likeliest first', () => {
    fc.assert(
      fc.property(logits, weight, weight, (values, image, text) => {
        const { imageWeight, textWeight, confidence, alternatives } = decideTask(spec(), values, [image, text], 'complete');
        expect(imageWeight + textWeight).toBe(1);
        for (const share of [imageWeight, textWeight, confidence]) expect(share >= 0 && share <= 1).toBe(true);
        const confidences = [confidence, ...alternatives.map((each) => each.confidence)];
        expect(confidences.reduce((a, b) => a + b)).toBeLessThanOrEqual(1 + 1e-9);
        expect(confidences).toEqual([...confidences].sort((a, b) => b - a));
      }),
    );
  });

  it('abstains from no fewer listings when the threshold rises, and never changes the label', () => {
    const within = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(logits, within, within, (values, a, b) => {
        const at = (complete: number) =>
          decideTask(spec({ threshold: { complete, imageOnly: null, textOnly: null } }), values, [1, 1], 'complete');
        const [low, high] = [at(Math.min(a, b)), at(Math.max(a, b))];
        expect(low.abstained && !high.abstained).toBe(false);
        expect(low.label).toBe(high.label);
      }),
    );
  });
});
