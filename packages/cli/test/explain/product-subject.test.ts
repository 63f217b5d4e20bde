import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { createMemoryKeyValueStore } from '@labelstream/shared/adapters/memory/key-value';
import { LabelstreamError } from '@labelstream/shared/errors';
import { cacheKeys } from '@labelstream/shared/events/keys';
import type { ProductLabels } from '@labelstream/shared/events/records';
import type { KeyValueStore } from '@labelstream/shared/ports/key-value';
import { encodeTokenSequence, type TokenSequence } from '@labelstream/shared/tensor/token-sequence';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FoundListing } from '../../src/explain/find-listing.js';
import { type LocalModel, openModel } from '../../src/explain/model.js';
import { productSubject } from '../../src/explain/product-subject.js';

const BUNDLES = resolve(import.meta.dirname, '../../../shared/test/fixtures/bundles');
const sha256 = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');
const ofColour = (background: string) =>
  sharp({ create: { width: 90, height: 120, channels: 3, background } })
    .png()
    .toBuffer();
/** A sequence that no tower makes, so that it is seen where it comes from. */
const marked = (count: number) => encodeTokenSequence(new Float32Array(count * 8).fill(7), count, 8, new Float32Array(6).fill(0.5));
const isMarked = (sequence?: TokenSequence) => sequence?.embedding.every((value) => value === 0.5);

let model: LocalModel;
let blue: Uint8Array;
let red: Uint8Array;
beforeAll(async () => {
  model = await openModel({ encoderBundle: `${BUNDLES}/encoder`, fusionBundle: `${BUNDLES}/fusion-attention`, threads: 1 });
  [blue, red] = await Promise.all([ofColour('#3060c0'), ofColour('#c02020')]);
});
afterAll(() => model.close());

let cache: KeyValueStore;
beforeEach(() => {
  cache = createMemoryKeyValueStore();
});
const keep = (key: string, value: Uint8Array) => cache.setMany([{ key, value }]);

const TASK = {
  task: 'baseColour',
  label: 'Blue',
  confidence: 0.9,
  abstained: false,
  alternatives: [],
  imageWeight: 0.25,
  textWeight: 0.75,
};
const labelsOf = (change: Partial<ProductLabels> = {}): ProductLabels => ({
  productId: 'p',
  version: 1,
  revision: 0,
  labels: [TASK],
  image: 'USED',
  text: 'USED',
  imageIndex: 1,
  imageTextMatch: 0.5,
  mismatched: false,
  changedTasks: [],
  model: { encoder: model.encoder.id, fusion: model.fusion.id, generation: 1 },
  lane: 'live',
  labelledAt: 1,
  occurredAt: 1,
  receivedAt: 1,
  ...change,
});
/** Labelled from its second picture. */
const listingOf = (change: Partial<FoundListing> = {}): FoundListing => ({
  version: 1,
  listing: { title: ' blue shirt ', attributes: {}, images: [{ uri: 'file:///first.png' }, { uri: 'file:///second.png' }] },
  imageSha256: sha256(blue),
  textSha256: sha256('blue shirt'),
  ...change,
});

const gone = () => new LabelstreamError('IMAGE_NOT_FOUND', 'file:///second.png cannot be read');
/** What lies at the second picture's place, or what comes of asking for it. */
async function explain({ labels = labelsOf(), listing = listingOf() as FoundListing | null, picture = blue as Uint8Array | Error } = {}) {
  const fetched: string[] = [];
  const fetchImage = async (uri: string) => {
    fetched.push(uri);
    if (picture instanceof Error) throw picture;
    return picture;
  };
  return { ...(await productSubject({ labels, listing }, { model, cache, fetchImage })), fetched };
}

describe('a product', () => {
  test('has the labels and weights that were published, its text, and the picture they were made from', async () => {
    const { image, textSequence, notes, ...subject } = await explain();
    expect(subject).toEqual({
      productId: 'p',
      text: 'blue shirt',
      labels: [TASK],
      mismatched: false,
      imageTextMatch: 0.5,
      model: labelsOf().model,
      fetched: ['file:///second.png'],
    });
    expect(image?.backdrop.picture).toMatchObject({ width: 240, height: 320 });
    expect(notes).toEqual([]);
  });

  test('takes its token sequences from the cache', async () => {
    await keep(cacheKeys.imageTokens(model.encoder.id, sha256(blue)), marked(5));
    await keep(cacheKeys.textTokens(model.encoder.id, sha256('blue shirt')), marked(4));
    const { image, textSequence } = await explain();
    expect([isMarked(image?.sequence), isMarked(textSequence)]).toEqual([true, true]);
  });

  test('is encoded anew where the cache has lost or damaged them, or does not answer', async () => {
    await keep(cacheKeys.imageTokens(model.encoder.id, sha256(blue)), marked(5).subarray(1));
    const [image] = await model.encodeImages([await model.preparation.pixels(blue)]);
    const [text] = await model.encodeTexts([model.preparation.text(listingOf().listing).tokenIds]);
    expect(await explain()).toMatchObject({ image: { sequence: image }, textSequence: text });
    const without = await productSubject({ labels: labelsOf(), listing: listingOf() }, { model, fetchImage: async () => blue });
    expect(without).toMatchObject({ image: { sequence: image }, textSequence: text, notes: [] });
  });

  test('of which only the event is left is explained without keys of the cache', async () => {
    const { version, listing } = listingOf();
    const { image, textSequence, notes } = await explain({ listing: { version, listing } });
    expect([image?.sequence.count, textSequence?.count, notes]).toEqual([5, model.preparation.text(listing).tokenIds.length, []]);
  });
});

describe('a picture that is gone', () => {
  test("is shown as the model's own copy", async () => {
    const pixels = await model.preparation.pixels(blue);
    await keep(cacheKeys.pixels(model.preparation.preprocessId, sha256(blue)), pixels);
    const { image, notes } = await explain({ picture: gone() });
    expect(image).toMatchObject({ pixels: Uint8Array.from(pixels), backdrop: { view: { left: 0, top: 0, width: 6, height: 8 } } });
    expect(notes).toEqual([expect.stringMatching(/cannot be had \(IMAGE_NOT_FOUND: .*second\.png .*model's own small copy/)]);
  });

  test('is gone for good once the cache has lost it, too', async () => {
    const { image, textSequence, notes } = await explain({ picture: gone() });
    expect([image, textSequence === undefined]).toEqual([undefined, false]);
    expect(notes).toEqual([expect.stringMatching(/cannot be had .*; there is no map\.$/)]);
  });

  test('and that another one took the place of is not taken for it', async () => {
    const { image, notes } = await explain({ picture: red });
    expect(image?.sequence).toEqual((await model.encodeImages([await model.preparation.pixels(red)]))[0]);
    expect(notes).toEqual([expect.stringMatching(/Another picture lies there now.*the map is of the new one, the labels are not/)]);
    const pixels = await model.preparation.pixels(blue);
    await keep(cacheKeys.pixels(model.preparation.preprocessId, sha256(blue)), pixels);
    expect((await explain({ picture: red })).image?.pixels).toEqual(Uint8Array.from(pixels));
  });

  test('or no picture any more is told with what is there', async () => {
    const { notes } = await explain({ picture: new TextEncoder().encode('<html>not here</html>') });
    expect(notes).toEqual([expect.stringMatching(/IMAGE_NOT_AN_IMAGE/)]);
  });

  test('because files may not be read names the setting', async () => {
    const { notes } = await explain({ picture: new LabelstreamError('IMAGE_URI_FORBIDDEN', 'outside of the allowed folder') });
    expect(notes).toEqual([expect.stringMatching(/outside of the allowed folder; IMAGE_FILE_ROOT names the folder/)]);
  });

  test('is no reason to hide another failure', async () => {
    await expect(explain({ picture: new LabelstreamError('CONFIG_INVALID', 'MAX_IMAGE_BYTES') })).rejects.toThrow('MAX_IMAGE_BYTES');
  });
});

describe('what the labels were not made from is not explained', () => {
  test.each([
    ['a missing picture', { image: 'MISSING' }, { image: false, text: true }, []],
    ['a picture that was still to come', { image: 'PENDING' }, { image: false, text: true }, [/picture was still to come/]],
    ['a broken picture', { image: 'FAILED' }, { image: false, text: true }, [/picture could not be used/]],
    ['a text that was too long', { text: 'FAILED' }, { image: true, text: false }, [/text could not be used/]],
    ['a missing text', { text: 'MISSING' }, { image: true, text: false }, []],
  ] as const)('%s', async (_, change, expected, sentences) => {
    const { image, textSequence, notes, fetched } = await explain({ labels: labelsOf(change) });
    expect({ image: image !== undefined, text: textSequence !== undefined }).toEqual(expected);
    expect(fetched).toHaveLength(expected.image ? 1 : 0);
    expect(notes).toEqual(sentences.map((sentence) => expect.stringMatching(sentence)));
  });
});

describe('a note tells', () => {
  test.each<[string, number | null, Partial<ProductLabels>, RegExp]>([
    ['that the listing is nowhere', null, {}, /Neither its labelling nor its event/],
    ['that the listing is of another version', 2, {}, /labels are of version 1, the listing is of version 2/],
    [
      'that other bundles made the labels',
      1,
      { model: { encoder: 'e@1', fusion: 'f@1', generation: 1 } },
      /labels were made by f@1; maps are made by/,
    ],
  ])('%s', async (_, version, change, sentence) => {
    const found = version === null ? null : listingOf({ version });
    const subject = await explain({ labels: labelsOf(change), listing: found });
    expect(subject.labels).toEqual([TASK]);
    expect(subject.notes).toEqual([expect.stringMatching(sentence)]);
  });
});
