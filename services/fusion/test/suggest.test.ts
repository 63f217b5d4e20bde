import { LabelstreamError } from '@labelstream/shared/errors';
import { readPass } from '@labelstream/shared/events/headers';
import type { EncodedListing } from '@labelstream/shared/events/records';
import type { Caption } from '@labelstream/shared/model/caption-titles';
import type { Prediction } from '@labelstream/shared/model/fusion-model';
import type { Received } from '@labelstream/shared/stream/received';
import type { TokenSequence } from '@labelstream/shared/tensor/token-sequence';
import { describe, expect, it } from 'vitest';
import { listingFields } from '../../../packages/shared/test/fixtures/listings.js';
import type { Resolved } from '../src/sequences.js';
import { suggestTitles } from '../src/suggest.js';

const image: TokenSequence = { count: 1, width: 1, tokens: new Uint16Array(1), embedding: new Float32Array(1) };
const prediction: Prediction = { labels: [], embedding: new Float32Array(1), mismatched: false };
const seen: Resolved = { kind: 'input', input: { image } };

function received(content: { picture?: string; ids?: number[] }): Received<EncodedListing> {
  const record = { ...listingFields('p1', content), encoderId: 'e@000000000000' };
  return { kind: 'received', record, pass: readPass({}), passHeaders: {} };
}

/** Captions images one after the other with what is given, and remembers how many it saw. */
function captioning(...captions: Caption[]) {
  const calls: number[] = [];
  const counted: string[] = [];
  const caption = async (images: readonly TokenSequence[]) => {
    calls.push(images.length);
    return captions.slice(0, images.length);
  };
  const deps = {
    captions: { model: { caption }, bundleId: 'c@000000000000' },
    metrics: { suggested: (what: string) => counted.push(what) },
  };
  return { deps, calls, counted };
}

const title: Caption = { kind: 'title', text: 'Red Shirt', tokenConfidence: 0.6 };
const suggestedTitle = { text: 'Red Shirt', tokenConfidence: 0.6, model: 'c@000000000000' };

describe('titles are sought', () => {
  it('for a listing with an image and without text, or with a text that does not fit, and for no other', async () => {
    const { deps, calls, counted } = captioning(title, title);
    const listings = [{ picture: 'a' }, { picture: 'a', ids: [1] }, { picture: 'a', ids: [1] }, { ids: [1] }, {}];
    const resolved: Resolved[] = [seen, seen, seen, { kind: 'input', input: { text: image } }, { kind: 'nothing' }];
    const predictions = [prediction, prediction, { ...prediction, mismatched: true }, prediction, undefined];
    const answers = await suggestTitles(listings.map(received), resolved, predictions, deps);
    expect(answers.map((answer) => answer?.suggestedTitle)).toEqual([suggestedTitle, undefined, suggestedTitle, undefined, undefined]);
    expect(calls).toEqual([2]);
    expect(counted).toEqual(['title', 'title']);
  });

  it('not at all while they are switched off, or where nobody needs one', async () => {
    const { deps, calls } = captioning(title);
    const predictions = [prediction];
    expect(await suggestTitles([received({ picture: 'a' })], [seen], predictions, { metrics: deps.metrics })).toBe(predictions);
    expect(await suggestTitles([received({ picture: 'a', ids: [1] })], [seen], predictions, deps)).toBe(predictions);
    expect(calls).toEqual([]);
  });

  it('in vain where the decoder is unsure or not finite, and the labels stay', async () => {
    const { deps, counted } = captioning({ kind: 'unsure' }, { kind: 'notFinite' });
    const answers = await suggestTitles(
      [received({ picture: 'a' }), received({ picture: 'b' })],
      [seen, seen],
      [prediction, prediction],
      deps,
    );
    expect(answers).toEqual([prediction, prediction]);
    expect(counted).toEqual(['unsure', 'notFinite']);
  });
});

describe('a decoder that fails', () => {
  const failing = (error: Error) => {
    const { deps, counted } = captioning();
    const caption = async () => {
      throw error;
    };
    return { deps: { ...deps, captions: { ...deps.captions, model: { caption } } }, counted };
  };

  it('costs a listing its title, not its labels', async () => {
    const { deps, counted } = failing(new LabelstreamError('STAGE_FAILED', 'the graph refused'));
    expect(await suggestTitles([received({ picture: 'a' })], [seen], [prediction], deps)).toEqual([prediction]);
    expect(counted).toEqual(['failed']);
  });

  it('is not hidden when the inference thread has ended', async () => {
    const { deps } = failing(new LabelstreamError('INFERENCE_FAILED', 'ended'));
    await expect(suggestTitles([received({ picture: 'a' })], [seen], [prediction], deps)).rejects.toMatchObject({
      code: 'INFERENCE_FAILED',
    });
  });
});
