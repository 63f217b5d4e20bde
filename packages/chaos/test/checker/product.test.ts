import { describe, expect, test } from 'vitest';
import { checkProduct } from '../../src/checker/product.js';
import type { LabelRecord, SentListing } from '../../src/checker/types.js';
import { deletion, labelsOf, tombstoneOf, upsert } from './streams.js';

const breaches = (sent: readonly SentListing[], records: readonly LabelRecord[]) =>
  checkProduct('p', sent, records).map(({ breach }) => breach);

const both = (image: 'USED' | 'PENDING', revision: number, offset: number, changedTasks: readonly string[] = []) =>
  labelsOf('p', 1, offset, { image, revision, changedTasks });

describe('what is allowed', () => {
  test('one record for one version', () => {
    expect(breaches([upsert('p', 1)], [labelsOf('p', 1, 0)])).toEqual([]);
  });

  test('the same version sent twice and said once', () => {
    expect(breaches([upsert('p', 1), upsert('p', 1)], [labelsOf('p', 1, 0)])).toEqual([]);
  });

  test('a version that a newer one overtook', () => {
    expect(breaches([upsert('p', 1), upsert('p', 2)], [labelsOf('p', 2, 0)])).toEqual([]);
  });

  test('a late image, said as the next revision', () => {
    const first = labelsOf('p', 1, 0, { image: 'PENDING' });
    expect(breaches([upsert('p', 1)], [first, both('USED', 1, 1)])).toEqual([]);
  });

  test('a second pass of the same revision that saw more', () => {
    const first = labelsOf('p', 1, 0, { image: 'PENDING' });
    expect(breaches([upsert('p', 1)], [first, both('USED', 0, 1)])).toEqual([]);
  });

  test('another label by a newer model', () => {
    const second = labelsOf('p', 1, 1, {
      generation: 2,
      tasks: { articleType: 'Dress', baseColour: 'Blue' },
      changedTasks: ['articleType'],
    });
    expect(breaches([upsert('p', 1)], [labelsOf('p', 1, 0), second])).toEqual([]);
  });

  test('a new version without a new label', () => {
    expect(breaches([upsert('p', 1), upsert('p', 2)], [labelsOf('p', 1, 0), labelsOf('p', 2, 1, { changedTasks: [] })])).toEqual([]);
  });

  test('a deletion, and nothing at all of a product that was deleted before it was labelled', () => {
    expect(breaches([upsert('p', 1), deletion('p', 2)], [labelsOf('p', 1, 0), tombstoneOf('p', 2, 1)])).toEqual([]);
    expect(breaches([upsert('p', 1), deletion('p', 2)], [])).toEqual([]);
  });

  test('a product that comes back after its deletion', () => {
    const sent = [upsert('p', 1), deletion('p', 2), upsert('p', 3)];
    expect(breaches(sent, [labelsOf('p', 1, 0), tombstoneOf('p', 2, 1), labelsOf('p', 3, 2)])).toEqual([]);
  });
});

describe('lost', () => {
  test('nothing is said of a product', () => {
    expect(breaches([upsert('p', 1)], [])).toEqual(['lost']);
  });

  test('the last version is missing', () => {
    expect(breaches([upsert('p', 1), upsert('p', 2)], [labelsOf('p', 1, 0)])).toEqual(['lost']);
  });

  test('the deletion is missing', () => {
    expect(breaches([upsert('p', 1), deletion('p', 2)], [labelsOf('p', 1, 0)])).toEqual(['lost']);
  });

  test('the image never came', () => {
    expect(breaches([upsert('p', 1)], [labelsOf('p', 1, 0, { image: 'PENDING' })])).toEqual(['lost']);
  });

  test('a product ends deleted although it came back', () => {
    const sent = [upsert('p', 1), deletion('p', 2), upsert('p', 3)];
    expect(breaches(sent, [labelsOf('p', 1, 0), tombstoneOf('p', 2, 1)])).toEqual(['lost']);
  });
});

describe('duplicated', () => {
  test('the same version, generation and revision twice, whatever the labels', () => {
    const again = labelsOf('p', 1, 1, { tasks: { articleType: 'Dress', baseColour: 'Blue' }, changedTasks: ['articleType'] });
    expect(breaches([upsert('p', 1)], [labelsOf('p', 1, 0), again])).toEqual(['duplicated']);
  });

  test('a revision that says nothing new', () => {
    const again = labelsOf('p', 1, 1, { revision: 1, changedTasks: [] });
    expect(breaches([upsert('p', 1)], [labelsOf('p', 1, 0), again])).toEqual(['duplicated']);
  });

  test('but a text that no longer fits the image is news', () => {
    const strange = labelsOf('p', 1, 1, { revision: 1, mismatched: true, changedTasks: [] });
    expect(breaches([upsert('p', 1)], [labelsOf('p', 1, 0), strange])).toEqual([]);
  });

  test('but a title that is proposed for the first time is news, and one that no longer is is none', () => {
    const untitled = upsert('p', 1, { text: null });
    const first = labelsOf('p', 1, 0, { text: 'MISSING' });
    const proposed = labelsOf('p', 1, 1, { text: 'MISSING', revision: 1, suggested: true, changedTasks: [] });
    const silent = labelsOf('p', 1, 2, { text: 'MISSING', revision: 2, changedTasks: [] });
    expect(breaches([untitled], [first, proposed])).toEqual([]);
    expect(breaches([untitled], [first, proposed, silent])).toEqual(['duplicated']);
  });

  test('not two tombstones of which the later deletes a newer version', () => {
    const records = [labelsOf('p', 1, 0), tombstoneOf('p', 2, 1), tombstoneOf('p', 3, 2)];
    expect(breaches([upsert('p', 1), deletion('p', 2), deletion('p', 3)], records)).toEqual([]);
  });

  test('two tombstones in a row', () => {
    const records = [labelsOf('p', 1, 0), tombstoneOf('p', 2, 1), tombstoneOf('p', 2, 2)];
    expect(breaches([upsert('p', 1), deletion('p', 2)], records)).toEqual(['duplicated']);
  });
});

describe('reordered', () => {
  test('an older version after a newer one', () => {
    const records = [labelsOf('p', 2, 0), labelsOf('p', 1, 1, { changedTasks: [] })];
    expect(breaches([upsert('p', 1), upsert('p', 2)], records)).toContain('reordered');
  });

  test('an older model after a newer one', () => {
    const older = labelsOf('p', 1, 1, { tasks: { articleType: 'Dress', baseColour: 'Blue' }, changedTasks: ['articleType'] });
    expect(breaches([upsert('p', 1)], [labelsOf('p', 1, 0, { generation: 2 }), older])).toEqual(['reordered']);
  });

  test('a pass that saw less after one of the same revision that saw more', () => {
    const records = [labelsOf('p', 1, 0), both('PENDING', 0, 1), both('USED', 1, 2)];
    expect(breaches([upsert('p', 1)], records)).toContain('reordered');
  });

  test('labels of a deleted version after its tombstone', () => {
    const records = [labelsOf('p', 1, 0), tombstoneOf('p', 2, 1), labelsOf('p', 1, 2)];
    expect(breaches([upsert('p', 1), deletion('p', 2)], records)).toContain('reordered');
  });

  test('a tombstone of an older version', () => {
    const records = [labelsOf('p', 3, 0), tombstoneOf('p', 2, 1)];
    expect(breaches([deletion('p', 2), upsert('p', 3)], records)).toContain('reordered');
  });
});

describe('wrong', () => {
  test.each<[string, LabelRecord]>([
    ['a version that was never sent', labelsOf('p', 7, 0)],
    ['labels for a deletion', labelsOf('p', 2, 0)],
    ['the labels of another product', { ...labelsOf('q', 1, 0), key: 'p' }],
    ['no labels', labelsOf('p', 1, 0, { tasks: {} })],
    ['a proposed title where the text fits', labelsOf('p', 1, 0, { suggested: true })],
    ['a text that was not used', labelsOf('p', 1, 0, { text: 'MISSING' })],
    ['an image that failed for no reason', labelsOf('p', 1, 0, { image: 'FAILED' })],
    ['a tombstone of a version that deletes nothing', tombstoneOf('p', 1, 0)],
    ['a tombstone without a version', { kind: 'tombstone', place: '0/0', key: 'p', version: null }],
    ['bytes that cannot be read', { kind: 'unreadable', place: '0/0', key: 'p', why: 'no Avro' }],
  ])('%s', (_, record) => {
    expect(breaches([upsert('p', 1), deletion('p', 2)], [record])).toContain('wrong');
  });

  test('changed tasks that have not changed', () => {
    const records = [labelsOf('p', 1, 0), labelsOf('p', 2, 1, { changedTasks: ['baseColour'] })];
    expect(breaches([upsert('p', 1), upsert('p', 2)], records)).toEqual(['wrong']);
  });

  test('labels of a product of which nothing valid was sent', () => {
    expect(breaches([], [labelsOf('p', 1, 0)])).toContain('wrong');
  });
});
