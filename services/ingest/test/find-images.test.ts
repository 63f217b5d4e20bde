import { createHash } from 'node:crypto';
import { LabelstreamError } from '@labelstream/shared/errors';
import type { ImageRef } from '@labelstream/shared/events/product-event';
import type { ImageSource } from '@labelstream/shared/ports/image-source';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Arrival } from '../src/arrival.js';
import { createFindImages, type FindImagesDeps } from '../src/find-images.js';

const sha256Of = (text: string) => createHash('sha256').update(text).digest('hex');

/** `ok-x` can be had and is the picture x, `late-…` may still come, `slow-…` never answers, anything else never will be one. */
const fetchByName: ImageSource['fetch'] = ({ uri }, signal) => {
  if (uri.startsWith('ok-')) return Promise.resolve(Buffer.from(uri.slice(3)));
  const failed = (code: 'IMAGE_NOT_FOUND' | 'IMAGE_FETCH_FAILED' | 'IMAGE_TOO_LARGE') => new LabelstreamError(code, uri);
  if (uri.startsWith('late-')) return Promise.reject(failed('IMAGE_NOT_FOUND'));
  if (!uri.startsWith('slow-')) return Promise.reject(failed('IMAGE_TOO_LARGE'));
  if (signal?.aborted) return Promise.reject(failed('IMAGE_FETCH_FAILED'));
  return new Promise((_, fail) => signal?.addEventListener('abort', () => fail(failed('IMAGE_FETCH_FAILED'))));
};

function setUp(over: Partial<FindImagesDeps> = {}) {
  const asked: string[] = [];
  const saved = new Set<string>();
  let held = 0;
  let mostHeld = 0;
  const fetch: ImageSource['fetch'] = async (ref, signal) => {
    asked.push(ref.uri);
    held += 1;
    mostHeld = Math.max(mostHeld, held);
    try {
      return await fetchByName(ref, signal);
    } finally {
      held -= 1;
    }
  };
  const find = createFindImages({
    source: { fetch },
    furtherSource: { fetch },
    pixels: { known: async (wanted) => new Set(wanted.filter((each) => saved.has(each))), save: async (sha256) => void saved.add(sha256) },
    decode: async (bytes) => bytes,
    metrics: {
      modality: () => {},
      cached: () => {},
      hostLeftAlone: () => {},
      fetchRefused: () => {},
      openHosts: () => {},
      timeFetch: (_, work) => work(),
      timeDecode: (work) => work(),
    },
    fetchConcurrency: 4,
    maxTried: 8,
    maxImages: 3,
    patienceMs: 1000,
    furtherPatienceMs: 20,
    timeoutMs: 1000,
    ...over,
  });
  const search = async (images: readonly (string | ImageRef)[], hasText = true) => {
    const refs = images.map((image) => (typeof image === 'string' ? { uri: image } : image));
    const arrival = { head: { listing: { attributes: {}, images: refs } }, pass: { attempt: 0 } } as unknown as Arrival;
    return (await find([{ arrival, hasText }])).get(arrival)!;
  };
  return { search, asked, saved, mostHeld: () => mostHeld };
}

test('the first that can be had is the image, those after it are candidates, in their order', async () => {
  const { search, saved } = setUp();
  expect(await search(['gone', 'ok-a', 'late-b', 'ok-c', 'ok-d'])).toEqual({
    ref: { state: 'USED', sha256: sha256Of('a') },
    index: 1,
    candidates: [
      { index: 3, sha256: sha256Of('c') },
      { index: 4, sha256: sha256Of('d') },
    ],
  });
  expect(saved).toEqual(new Set(['a', 'c', 'd'].map(sha256Of)));
});

test('no more are prepared than the settings say, and none that is the same picture', async () => {
  const { search, asked } = setUp();
  const { candidates } = await search(['ok-a', 'ok-a', 'ok-b', 'ok-a', 'ok-c', 'ok-d']);
  expect(candidates.map(({ index }) => index)).toEqual([2, 4]);
  expect(asked).not.toContain('ok-d');
});

test('without a text to compare them with, one is enough', async () => {
  const { search, asked } = setUp();
  expect(await search(['ok-a', 'ok-b'], false)).toMatchObject({ index: 0, candidates: [] });
  expect(asked).toEqual(['ok-a']);
});

test('a listing that has an image does not wait long for the others', async () => {
  const { search } = setUp({ patienceMs: 60_000, timeoutMs: 60_000 });
  const started = performance.now();
  expect(await search(['ok-a', 'slow-b', 'ok-c'])).toMatchObject({ index: 0, candidates: [{ index: 2 }] });
  expect(performance.now() - started).toBeLessThan(10_000);
});

test('a listing without any says what was wrong with the first ones, as it did before', async () => {
  const { search } = setUp();
  expect(await search(['gone', 'late-b'])).toEqual({
    ref: { state: 'PENDING', reason: 'IMAGE_NOT_FOUND' },
    detail: 'late-b',
    candidates: [],
  });
  expect(await search([])).toEqual({ ref: { state: 'MISSING' }, candidates: [] });
});

test('one listing never holds more than one image file', async () => {
  const { search, mostHeld } = setUp({ maxImages: 8 });
  await search(['ok-a', 'ok-b', 'ok-c', 'ok-d']);
  expect(mostHeld()).toBe(1);
});

test('an announced further image whose pixels are there is not even fetched', async () => {
  const { search, saved, asked } = setUp();
  saved.add(sha256Of('b'));
  expect(await search(['ok-a', { uri: 'gone', sha256: sha256Of('b') }])).toMatchObject({ candidates: [{ index: 1 }] });
  expect(asked).toEqual(['ok-a']);
});

test('a cache that is down while a further image is kept is not the listing’s fault', async () => {
  let saves = 0;
  const save = async () => {
    saves += 1;
    if (saves > 1) throw new LabelstreamError('CACHE_UNAVAILABLE', 'down');
  };
  const { search } = setUp({ pixels: { known: async () => new Set(), save } });
  await expect(search(['ok-a', 'ok-b'])).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' });
});

test('whatever further images there are, a listing is never worse off than with the first that can be had', async () => {
  const name = fc.constantFrom('ok-a', 'ok-b', 'ok-c', 'ok-d', 'late-e', 'gone', 'slow-f');
  await fc.assert(
    fc.asyncProperty(fc.array(name, { maxLength: 10 }), async (images) => {
      const options = { patienceMs: 5, furtherPatienceMs: 1, timeoutMs: 5 };
      const one = await setUp({ ...options, maxImages: 1 }).search(images);
      const several = await setUp(options).search(images);
      expect([several.ref, several.index]).toEqual([one.ref, one.index]);
      const indices = [several.index ?? -1, ...several.candidates.map(({ index }) => index)];
      expect(indices).toEqual(indices.toSorted((a, b) => a - b));
      expect(new Set([several.ref.sha256, ...several.candidates.map(({ sha256 }) => sha256)]).size).toBe(indices.length);
      expect(indices.length).toBeLessThanOrEqual(3);
    }),
    { numRuns: 60 },
  );
});

test('an image whose host is left alone tells for how long', async () => {
  const leftAlone: ImageSource = {
    fetch: async () => {
      throw new LabelstreamError('IMAGE_FETCH_FAILED', 'left alone', { retryAfterMs: 5000 });
    },
  };
  const { search } = setUp({ source: leftAlone });
  expect(await search(['a'])).toMatchObject({ ref: { state: 'PENDING', reason: 'IMAGE_FETCH_FAILED' }, retryAfterMs: 5000 });
});
