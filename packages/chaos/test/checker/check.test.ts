import fc from 'fast-check';
import { expect, test } from 'vitest';
import { check, type Evidence } from '../../src/checker/check.js';
import type { Breach, LabelRecord } from '../../src/checker/types.js';
import { labelsOf, rightStream, type Step, tombstoneOf } from './streams.js';

const text = fc.constantFrom('blue shirt', 'red dress', 'green shoe');
const image = fc.constantFrom('shirt.jpg', 'dress.jpg');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: fc.constant('upsert' as const), text, image: fc.option(image), late: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant<Step>({ does: 'delete' }) },
);
const stream = fc
  .tuple(fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 12 }), fc.nat(4))
  .map(([lives, badEvents]) => rightStream(lives, badEvents));

type Labels = Extract<LabelRecord, { kind: 'labels' }>;

const recordsOf = ({ labels }: Evidence, key: string) => labels.filter((record) => record.key === key);
const without = (labels: readonly LabelRecord[], gone: LabelRecord) => labels.filter((record) => record !== gone);
const appended = (evidence: Evidence, ...more: LabelRecord[]): Evidence => ({ ...evidence, labels: [...evidence.labels, ...more] });
const isLabels = (record: LabelRecord): record is Labels => record.kind === 'labels';

/** What a record was made from: its version's text, and its image where it was used. */
function contentOf({ sent }: Evidence, { key, labels: { version, image } }: Labels): string {
  const event = sent.find((one) => one.kind === 'listing' && one.productId === key && one.version === version);
  return event?.kind === 'listing' ? `${event.text} ${image} ${image === 'USED' ? event.image : ''}` : '';
}

/** Whether the others that show the same content would outvote this one. */
function isOutvoted(evidence: Evidence, record: Labels): boolean {
  return evidence.labels.filter((other) => isLabels(other) && contentOf(evidence, other) === contentOf(evidence, record)).length > 2;
}

/** Damages a stream at a place that `pick` chooses; null where the stream has no such place. */
interface Damage {
  readonly name: string;
  readonly breach: Breach;
  readonly damaged: (evidence: Evidence, pick: <T>(items: readonly T[]) => T | undefined) => Evidence | null;
}

/** The last records of the products. */
const ends = (evidence: Evidence) =>
  [...new Set(evidence.labels.map(({ key }) => key))].flatMap((key) => recordsOf(evidence, key).at(-1) ?? []);

const DAMAGES: readonly Damage[] = [
  {
    name: 'the last word on a product is gone',
    breach: 'lost',
    damaged(evidence, pick) {
      const gone = pick(ends(evidence));
      return gone === undefined ? null : { ...evidence, labels: without(evidence.labels, gone) };
    },
  },
  {
    name: 'a product is gone altogether',
    breach: 'lost',
    damaged(evidence, pick) {
      const end = pick(ends(evidence).filter(isLabels));
      return end === undefined ? null : { ...evidence, labels: evidence.labels.filter(({ key }) => key !== end.key) };
    },
  },
  {
    name: 'a record is there twice, one after the other',
    breach: 'duplicated',
    damaged(evidence, pick) {
      const twice = pick(evidence.labels);
      return twice === undefined
        ? null
        : { ...evidence, labels: evidence.labels.flatMap((record) => (record === twice ? [record, record] : record)) };
    },
  },
  {
    name: 'a record comes again later',
    breach: 'duplicated',
    damaged(evidence, pick) {
      const again = pick(evidence.labels.filter(isLabels));
      return again === undefined ? null : appended(evidence, again);
    },
  },
  {
    name: 'two records of a product have changed places',
    breach: 'reordered',
    damaged(evidence, pick) {
      const later = pick(evidence.labels.filter((record) => recordsOf(evidence, record.key)[0] !== record));
      if (later === undefined) return null;
      const earlier = recordsOf(evidence, later.key).find((_, i, all) => all[i + 1] === later);
      const swapped = (record: LabelRecord) => (record === later ? (earlier ?? record) : record === earlier ? later : record);
      return { ...evidence, labels: evidence.labels.map(swapped) };
    },
  },
  {
    name: 'an older version comes after all',
    breach: 'reordered',
    damaged(evidence, pick) {
      const end = pick(ends(evidence).filter((record) => recordsOf(evidence, record.key).length > 1));
      const first = end === undefined ? undefined : recordsOf(evidence, end.key).find(isLabels);
      return first === undefined || first === end ? null : appended(evidence, first);
    },
  },
  {
    name: 'the labels are those of another content',
    breach: 'wrong',
    damaged(evidence, pick) {
      const end = pick(
        ends(evidence)
          .filter(isLabels)
          .filter((record) => isOutvoted(evidence, record)),
      );
      if (end === undefined) return null;
      const { version, revision, image, text } = end.labels;
      const other = labelsOf(end.key, version, 0, { revision, image, text, tasks: { articleType: 'Hat', baseColour: 'Pink' } });
      const labels = { ...other.labels, changedTasks: end.labels.changedTasks };
      return { ...evidence, labels: evidence.labels.map((record) => (record === end ? { ...other, labels } : record)) };
    },
  },
  {
    name: 'a version that was never sent',
    breach: 'wrong',
    damaged(evidence, pick) {
      const end = pick(ends(evidence));
      return end === undefined ? null : appended(evidence, labelsOf(end.key, 99, 99));
    },
  },
  {
    name: 'a deletion of what was not deleted',
    breach: 'wrong',
    damaged(evidence, pick) {
      const end = pick(ends(evidence).filter(isLabels));
      return end === undefined ? null : appended(evidence, tombstoneOf(end.key, end.labels.version, 99));
    },
  },
  {
    name: 'a dead letter is gone',
    breach: 'lost',
    damaged(evidence, pick) {
      const gone = pick(evidence.deadLetters);
      return gone === undefined ? null : { ...evidence, deadLetters: evidence.deadLetters.filter((letter) => letter !== gone) };
    },
  },
  {
    name: 'a dead letter has another reason',
    breach: 'wrong',
    damaged(evidence, pick) {
      const chosen = pick(evidence.deadLetters);
      const other = { 'labelstream-error-code': 'STAGE_FAILED' };
      const deadLetters = evidence.deadLetters.map((letter) => (letter === chosen ? { ...letter, headers: other } : letter));
      return chosen === undefined ? null : { ...evidence, deadLetters };
    },
  },
  {
    name: 'a product is in two partitions',
    breach: 'reordered',
    damaged(evidence, pick) {
      const moved = pick(evidence.labels.filter((record) => recordsOf(evidence, record.key).length > 1));
      const labels = evidence.labels.map((record) => (record === moved ? { ...record, place: '1/0' } : record));
      return moved === undefined ? null : { ...evidence, labels };
    },
  },
];

test('a stream that keeps every promise passes', () => {
  fc.assert(
    fc.property(stream, (evidence) => {
      expect(check(evidence).violations).toEqual([]);
    }),
  );
});

test.each(DAMAGES)('it is noticed when $name', ({ breach, damaged }) => {
  let damages = 0;
  fc.assert(
    fc.property(stream, fc.nat(), (evidence, drawn) => {
      const broken = damaged(evidence, (items) => items[drawn % Math.max(1, items.length)]);
      if (broken === null) return;
      damages += 1;
      expect(check(broken).counts[breach]).toBeGreaterThan(0);
    }),
  );
  expect(damages).toBeGreaterThan(10);
});
