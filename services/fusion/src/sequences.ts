import { cacheKeys } from '@labelstream/shared/events/keys';
import type { EncodedListing } from '@labelstream/shared/events/records';
import type { FusionInput } from '@labelstream/shared/model/fusion-model';
import { bestImage } from '@labelstream/shared/model/match';
import type { KeyValueStore } from '@labelstream/shared/ports/key-value';
import type { Received } from '@labelstream/shared/stream/received';
import { decodeTokenSequence, type ExpectedDims, type TokenSequence } from '@labelstream/shared/tensor/token-sequence';

export interface SequenceDeps {
  readonly cache: Pick<KeyValueStore, 'getMany' | 'deleteMany'>;
  /** The encoder that the head was trained on; sequences of another are of no use to it. */
  readonly encoderId: string;
  readonly dims: { readonly image: ExpectedDims; readonly text: ExpectedDims };
}

/** Of a listing's images the one that is used. */
export interface ChosenImage {
  readonly sha256: string;
  /** Position, from 0, among the images of the listing; absent for a record that does not tell. */
  readonly index?: number;
  /** Whether it was preferred to one that comes before it. */
  readonly preferred: boolean;
}

/**
 * The head's input, nothing to label from, or the claim check that is gone. An input may lack further images: `lost` says so, and the listing
 * can be labelled without them when it cannot be sent back.
 */
export type Resolved =
  | { readonly kind: 'input'; readonly input: FusionInput; readonly image?: ChosenImage; readonly lost?: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'vanished'; readonly what: string };

/** Fetches the token sequences of a micro-batch in one call, each content once, and chooses among a listing's images. */
export async function fetchSequences(received: readonly Received<EncodedListing>[], deps: SequenceDeps): Promise<Resolved[]> {
  const wanted = received.map(({ record }) => (record.op === 'DELETE' ? NOTHING_WANTED : wantedOf(record, deps.encoderId)));
  const sequences = await readSequences(wanted, deps);
  return received.map(({ record }, at) => {
    const own = wanted[at] ?? NOTHING_WANTED;
    const isForeign = record.encoderId !== deps.encoderId;
    return isForeign && keysOf(own).length > 0
      ? { kind: 'vanished', what: `the token sequences of ${deps.encoderId}` }
      : resolve(own, sequences);
  });
}

/** Decoded sequences by key. A damaged one is removed, so that the encoder makes it anew. */
async function readSequences(wanted: readonly Wanted[], { cache, dims }: SequenceDeps): Promise<ReadonlyMap<string, TokenSequence>> {
  const expected = new Map<string, ExpectedDims>();
  for (const { images, text } of wanted) {
    for (const { key } of images) expected.set(key, dims.image);
    if (text !== undefined) expected.set(text, dims.text);
  }
  const keys = [...expected.keys()];
  const values = keys.length === 0 ? [] : await cache.getMany(keys);
  const sequences = new Map<string, TokenSequence>();
  const damaged: string[] = [];
  keys.forEach((key, at) => {
    const value = values[at] ?? null;
    const sequence = decodeTokenSequence(value, expected.get(key) ?? dims.image);
    if (sequence !== undefined) sequences.set(key, sequence);
    else if (value !== null) damaged.push(key);
  });
  if (damaged.length > 0) await cache.deleteMany(damaged);
  return sequences;
}

interface WantedImage {
  readonly key: string;
  readonly sha256: string;
  readonly index?: number;
}

interface Wanted {
  /** In order of preference. */
  readonly images: readonly WantedImage[];
  readonly text?: string;
}

const NOTHING_WANTED: Wanted = { images: [] };

const keysOf = ({ images, text }: Wanted) => [...images.map(({ key }) => key), ...(text === undefined ? [] : [text])];

function wantedOf({ image, imageIndex, candidates, text }: EncodedListing, encoderId: string): Wanted {
  const first = { sha256: image.sha256, ...(imageIndex === undefined ? {} : { index: imageIndex }) };
  const images = image.state === 'USED' ? [first, ...candidates] : [];
  return {
    images: images.flatMap(({ sha256, ...at }) =>
      sha256 === undefined ? [] : [{ ...at, sha256, key: cacheKeys.imageTokens(encoderId, sha256) }],
    ),
    ...(text.state === 'USED' && text.sha256 !== undefined ? { text: cacheKeys.textTokens(encoderId, text.sha256) } : {}),
  };
}

function resolve(wanted: Wanted, sequences: ReadonlyMap<string, TokenSequence>): Resolved {
  const images = wanted.images.flatMap((image) => {
    const sequence = sequences.get(image.key);
    return sequence === undefined ? [] : [{ ...image, ...sequence }];
  });
  const text = wanted.text === undefined ? undefined : sequences.get(wanted.text);
  if (images[0]?.key !== wanted.images[0]?.key) return { kind: 'vanished', what: 'the token sequence of the image' };
  if (wanted.text !== undefined && text === undefined) return { kind: 'vanished', what: 'the token sequence of the text' };
  const best = bestImage(images, text);
  const chosen = images[best];
  if (chosen === undefined) return text === undefined ? { kind: 'nothing' } : { kind: 'input', input: { text } };
  const { sha256, index } = chosen;
  return {
    kind: 'input',
    input: { image: chosen, ...(text && { text }) },
    image: { sha256, ...(index === undefined ? {} : { index }), preferred: best > 0 },
    ...(images.length < wanted.images.length ? { lost: 'the token sequence of a further image' } : {}),
  };
}
