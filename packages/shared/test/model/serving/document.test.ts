import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  askFor,
  beginServing,
  type Candidate,
  commitChange,
  rejectChange,
  type Serving,
  type ServingDocument,
  type Wish,
} from '../../../src/model/serving/document.js';
import { isInCanary } from '../../../src/model/serving/side.js';

const head = (name: string, manifestGeneration = 1): Candidate => ({
  bundle: `/models/${name}`,
  id: `${name}@000000000000`,
  manifestGeneration,
});
const BEGINNING = beginServing({ bundle: '/models/a', id: head('a').id, generation: 3 }, 0);

/** The document after wishes that all came into force. */
const after = (...wishes: Wish[]) =>
  wishes.reduce<ServingDocument>((document, wish) => {
    const asked = askFor(document, wish, 1);
    return commitChange(asked, asked.asked, 2);
  }, BEGINNING);

const promote = (name: string, manifestGeneration?: number): Wish => ({ kind: 'promote', head: head(name, manifestGeneration) });
const canary = (name: string, percent: number): Wish => ({ kind: 'canary', head: head(name), percent });

const anyWish: fc.Arbitrary<Wish> = fc.oneof(
  fc
    .record({ name: fc.constantFrom('a', 'b', 'c'), generation: fc.integer({ min: 1, max: 40 }) })
    .map(({ name, generation }) => promote(name, generation)),
  fc.constant<Wish>({ kind: 'rollback' }),
  fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(1, 5, 30, 60, 100)).map(([name, percent]) => canary(name, percent)),
  fc.constant<Wish>({ kind: 'stop-canary' }),
  fc.constantFrom('a', 'b').map((name): Wish => ({ kind: 'shadow', head: head(name) })),
  fc.constant<Wish>({ kind: 'stop-shadow' }),
);

/** Who labels a product. */
const labelling = (productId: string, { active, canary }: Serving) =>
  canary !== undefined && isInCanary(productId, canary.percent) ? canary : active;

/** The wish, asked for and then in force or rejected; the document as it was where the wish is refused. */
function settled(document: ServingDocument, wish: Wish, isTaken: boolean): ServingDocument {
  let asked: ServingDocument;
  try {
    asked = askFor(document, wish, 1);
  } catch (error) {
    expect(error).toMatchObject({ code: 'USAGE' });
    return document;
  }
  return isTaken ? commitChange(asked, asked.asked, 2) : rejectChange(asked, asked.asked, [], 2);
}

const PRODUCTS = Array.from({ length: 20 }, (_, at) => `p${at}`);

/** No product goes back in generation, or changes its head without a new one; `owners` are the heads of all generations so far. */
function expectForward(before: Serving, after: Serving, owners: Map<number, string>): void {
  for (const product of PRODUCTS) {
    const [was, is] = [labelling(product, before), labelling(product, after)];
    const isForward = is.id === was.id ? is.generation >= was.generation : is.generation > was.generation;
    const isOwn = (owners.get(is.generation) ?? is.id) === is.id;
    if (!isForward || !isOwn) expect({ product, was, is, isForward, isOwn }).toMatchObject({ isForward: true, isOwn: true });
    owners.set(is.generation, is.id);
  }
}

describe('what a deployment serves', () => {
  it('never goes back in generation for any product, and grows with every other head, whatever is asked for and rejected', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyWish, fc.boolean()), { maxLength: 20 }), (steps) => {
        const owners = new Map<number, string>();
        let document = BEGINNING;
        for (const [wish, isTaken] of steps) {
          const before = document.current;
          document = settled(document, wish, isTaken);
          if (!isTaken) expect(document.current).toEqual(before);
          expectForward(before, document.current, owners);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('gives a promoted bundle a generation above all before and above that of its manifest', () => {
    expect(after(promote('b')).current.active).toEqual({ bundle: '/models/b', id: head('b').id, generation: 4 });
    expect(after(promote('b', 20), promote('c', 2)).current.active).toMatchObject({ id: head('c').id, generation: 22 });
  });

  it('does not give out the generation of a rejected change again', () => {
    const asked = askFor(BEGINNING, promote('b'), 1);
    const rejected = rejectChange(asked, 1, [{ member: 'm', what: 'broken' }], 2);
    expect(rejected).toMatchObject({
      current: BEGINNING.current,
      applied: 0,
      rejected: { change: { number: 1 }, reasons: [{ member: 'm' }] },
    });
    expect(askFor(rejected, promote('b'), 3).next).toMatchObject({ number: 2, serving: { active: { generation: 5 } } });
  });

  it('rolls back to the bundle before, as a newer generation, and once more goes forward again', () => {
    expect(after(promote('b'), { kind: 'rollback' }).current.active).toMatchObject({ id: head('a').id, generation: 5 });
    expect(after(promote('b'), { kind: 'rollback' }, { kind: 'rollback' }).current.active).toMatchObject({
      id: head('b').id,
      generation: 6,
    });
    expect(() => askFor(BEGINNING, { kind: 'rollback' }, 1)).toThrow('no earlier bundle');
  });

  it('lets a canary grow in its generation; where it loses products, active and canary get new ones', () => {
    const grown = after(canary('b', 5), canary('b', 30)).current;
    expect(grown).toMatchObject({ active: { generation: 3 }, canary: { generation: 4, percent: 30 } });
    expect(after(canary('b', 30), canary('b', 5)).current).toMatchObject({
      active: { generation: 5 },
      canary: { generation: 6, percent: 5 },
    });
    expect(after(canary('b', 30), canary('c', 50)).current).toMatchObject({
      active: { generation: 5 },
      canary: { id: head('c').id, generation: 6 },
    });
  });

  it('stops a canary as a new generation of the active bundle, and ends it with every promote', () => {
    expect(after(canary('b', 5), { kind: 'stop-canary' }).current).toEqual({
      active: { bundle: '/models/a', id: head('a').id, generation: 5 },
    });
    expect(after(canary('b', 5), promote('b')).current).toEqual({ active: { bundle: '/models/b', id: head('b').id, generation: 5 } });
    expect(() => after({ kind: 'stop-canary' })).toThrow('no canary');
  });

  it('keeps a shadow over a promote, unless it is the one that is promoted', () => {
    const shadow: Wish = { kind: 'shadow', head: head('b') };
    expect(after(shadow, promote('c')).current).toMatchObject({ active: { id: head('c').id }, shadow: { id: head('b').id } });
    expect(after(shadow, promote('b')).current).not.toHaveProperty('shadow');
    expect(after(shadow).highestGeneration).toBe(BEGINNING.highestGeneration);
    expect(after(shadow, { kind: 'stop-shadow' }).current).toEqual(BEGINNING.current);
  });

  it.each<[string, Wish, RegExp]>([
    ['a shadow that is active', { kind: 'shadow', head: head('a') }, /is the active bundle/],
    ['a canary that is active', canary('a', 5), /is the active bundle/],
    ['a canary of nothing', canary('b', 0), /more than 0/],
    ['a canary of more than all', canary('b', 101), /at most 100/],
    ['to stop a shadow that is none', { kind: 'stop-shadow' }, /no shadow/],
  ])('refuses %s', (_, wish, message) => {
    expect(() => askFor(BEGINNING, wish, 1)).toThrow(message);
  });

  it('takes one change at a time, and settles each once', () => {
    const asked = askFor(BEGINNING, promote('b'), 1);
    expect(() => askFor(asked, promote('c'), 1)).toThrow(/Another change \(promote, number 1\) is under way/);
    expect(commitChange(asked, 7, 2)).toBe(asked);
    const done = commitChange(asked, 1, 2);
    expect(rejectChange(done, 1, [], 3)).toBe(done);
    expect(done.history).toMatchObject([{ number: 0 }, { number: 1, kind: 'promote', active: { id: head('b').id }, at: 2 }]);
  });
});
