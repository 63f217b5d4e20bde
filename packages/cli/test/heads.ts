import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProductEvent } from '@labelstream/shared/events/product-event';
import type { ProductLabels } from '@labelstream/shared/events/records';
import { expect } from 'vitest';

/** What PyTorch said about one task of a listing: calibrated probabilities, and modality weights as the head gives them. */
interface Answer {
  readonly chances: Readonly<Record<string, number>>;
  readonly imageWeight: number;
  readonly textWeight: number;
}

/** A listing; without its title, or without its picture, where that is empty. */
interface ServedCase {
  readonly name: string;
  readonly title: string;
  /** Base64. */
  readonly png: string;
  /** By head and task. */
  readonly answers: Readonly<Record<string, Readonly<Record<string, Answer>>>>;
}

/** A tiny encoder, a tiny head of every kind, and what they say: written by `python -m labelstream_training tiny-bundles`. */
export const HEADS_FOLDER = fileURLToPath(new URL('../../shared/test/fixtures/heads', import.meta.url));

const served: { readonly absoluteTolerance: number; readonly cases: readonly ServedCase[] } = JSON.parse(
  readFileSync(join(HEADS_FOLDER, 'served.json'), 'utf8'),
);

/** Every kind of head that `export-head` can write. */
export const HEAD_KINDS: readonly string[] = Object.keys(served.cases[0]?.answers ?? {});

/** Serves a head in place of the default one. */
export const headSettings = (kind: string): Record<string, string> => ({
  ENCODER_BUNDLE: join(HEADS_FOLDER, 'encoder'),
  FUSION_BUNDLE: join(HEADS_FOLDER, kind),
  BATCH_MAX_AGE_MS: '1',
});

const productId = ({ name }: ServedCase) => name.replaceAll(' ', '-');

/** The listings as events, with each modality missing in turn. */
export const servedEvents = (): ProductEvent[] =>
  served.cases.map((listing) => ({
    productId: productId(listing),
    version: 1,
    op: 'UPSERT',
    ...(listing.title === '' ? {} : { title: listing.title }),
    attributes: {},
    images: listing.png === '' ? [] : [{ uri: `data:image/png;base64,${listing.png}` }],
    occurredAt: 1,
  }));

/** Expects of a kind that what was published, by product, is what PyTorch says. */
export function expectServed(kind: string, published: ReadonlyMap<string, ProductLabels>): void {
  expect([...published.keys()].sort()).toEqual(served.cases.map(productId).sort());
  for (const listing of served.cases) {
    const { labels = [], image, text } = published.get(productId(listing)) ?? {};
    expect({ image, text }).toEqual({ image: listing.png === '' ? 'MISSING' : 'USED', text: listing.title === '' ? 'MISSING' : 'USED' });
    const answers = Object.entries(listing.answers[kind] ?? {});
    expect(labels.map(({ task }) => task)).toEqual(answers.map(([task]) => task));
    for (const [at, [, answer]] of answers.entries()) expectAnswer(`${kind}, ${listing.name}`, labels[at], answer);
  }
}

function expectAnswer(where: string, published: ProductLabels['labels'][number] | undefined, answer: Answer): void {
  const { task, label = '', confidence = 0, alternatives = [], imageWeight, abstained } = published ?? {};
  const said = Object.fromEntries([{ label, confidence }, ...alternatives].map((each) => [each.label, each.confidence]));
  const near = (value: number) => ({ asymmetricMatch: (other: unknown) => Math.abs(Number(other) - value) <= served.absoluteTolerance });
  const expected = Object.fromEntries(Object.entries(answer.chances).map(([name, chance]) => [name, near(chance)]));
  expect(said, `${where}: ${task}`).toEqual(expected);
  expect(confidence, `${where}: ${task}`).toEqual(Math.max(...Object.values(said)));
  expect(abstained).toBe(false);
  // A head that looks at one modality weighs nothing where that is missing; a share of nothing is published as 0.
  const weight = answer.imageWeight + answer.textWeight === 0 ? 0 : answer.imageWeight;
  expect(imageWeight, `${where}: image weight of ${task}`).toEqual(near(weight));
}
