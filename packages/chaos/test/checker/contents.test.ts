import { expect, test } from 'vitest';
import { checkContents } from '../../src/checker/contents.js';
import type { SentListing } from '../../src/checker/types.js';
import { labelsOf, upsert } from './streams.js';

const sentOf = (...listings: SentListing[]) => new Map(listings.map((one) => [one.productId, new Map([[one.version, one]])]));
const shirts = ['a', 'b', 'c'].map((id) => upsert(id, 1));
const dress = { tasks: { articleType: 'Dress', baseColour: 'Blue' } };

test('the same content has the same labels', () => {
  expect(
    checkContents(
      sentOf(...shirts),
      shirts.map(({ productId }, i) => labelsOf(productId, 1, i)),
    ),
  ).toEqual([]);
});

test('labels that most records of the same content do not have belong to another content', () => {
  const records = [labelsOf('a', 1, 0), labelsOf('b', 1, 1, dress), labelsOf('c', 1, 2)];
  expect(checkContents(sentOf(...shirts), records)).toEqual([
    { breach: 'wrong', productId: 'b', what: '0/1 has not the labels of its content, a blue shirt + shirt.jpg' },
  ]);
});

test('confidence may differ by rounding and no more', () => {
  const [first, second, third] = [labelsOf('a', 1, 0), labelsOf('b', 1, 1), labelsOf('c', 1, 2)];
  const surer = (by: number) => ({
    ...third,
    labels: { ...third.labels, tasks: third.labels.tasks.map((task) => ({ ...task, confidence: task.confidence + by })) },
  });
  expect(checkContents(sentOf(...shirts), [first, second, surer(0.001)])).toEqual([]);
  expect(checkContents(sentOf(...shirts), [first, second, surer(0.05)])).toHaveLength(1);
});

test('only what was used counts as content: an image that is still to come is none', () => {
  const other = upsert('d', 1, { image: 'dress.jpg' });
  const pending = { image: 'PENDING' as const, ...dress };
  const records = [labelsOf('a', 1, 0, pending), labelsOf('d', 1, 1, pending), labelsOf('b', 1, 2), labelsOf('c', 1, 3)];
  expect(checkContents(sentOf(...shirts, other), records)).toEqual([]);
});

test('one against one decides nothing', () => {
  expect(checkContents(sentOf(...shirts), [labelsOf('a', 1, 0), labelsOf('b', 1, 1, dress)])).toEqual([]);
});
