import { cacheKeys } from '@labelstream/shared/events/keys';
import type { EncodedListing } from '@labelstream/shared/events/records';
import type { FusionInput } from '@labelstream/shared/model/fusion-model';
import type { KeyValueStore } from '@labelstream/shared/ports/key-value';
import type { Received } from '@labelstream/shared/stream/received';
import { decodeTokenSequence, type ExpectedDims, type TokenSequence } from '@labelstream/shared/tensor/token-sequence';

export interface SequenceDeps {
  readonly cache: Pick<KeyValueStore, 'getMany' | 'deleteMany'>;
  /** The encoder that the head was trained on; sequences of another are of no use to it. */
  readonly encoderId: string;
  readonly dims: { readonly image: ExpectedDims; readonly text: ExpectedDims };
}

/** The head's input, nothing to label from, or the claim check that is gone. */
export type Resolved =
  | { readonly kind: 'input'; readonly input: FusionInput }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'vanished'; readonly what: string };

/** Fetches the token sequences of a micro-batch in one call, each content once. */
export async function fetchSequences(received: readonly Received<EncodedListing>[], deps: SequenceDeps): Promise<Resolved[]> {
  const wanted = received.map(({ record }) => (record.op === 'DELETE' ? {} : wantedKeys(record, deps.encoderId)));
  const sequences = await readSequences(wanted, deps);
  return received.map(({ record }, at) => {
    const keys = wanted[at] ?? {};
    const isForeign = record.encoderId !== deps.encoderId;
    return isForeign && keysOf(keys).length > 0
      ? { kind: 'vanished', what: `the token sequences of ${deps.encoderId}` }
      : resolve(keys, sequences);
  });
}

/** Decoded sequences by key. A damaged one is removed, so that the encoder makes it anew. */
async function readSequences(wanted: readonly WantedKeys[], { cache, dims }: SequenceDeps): Promise<ReadonlyMap<string, TokenSequence>> {
  const expected = new Map<string, ExpectedDims>();
  for (const { image, text } of wanted) {
    if (image !== undefined) expected.set(image, dims.image);
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

interface WantedKeys {
  readonly image?: string;
  readonly text?: string;
}

const keysOf = ({ image, text }: WantedKeys) => [image, text].filter((key) => key !== undefined);

function wantedKeys({ image, text }: EncodedListing, encoderId: string): WantedKeys {
  return {
    ...(image.state === 'USED' && image.sha256 !== undefined ? { image: cacheKeys.imageTokens(encoderId, image.sha256) } : {}),
    ...(text.state === 'USED' && text.sha256 !== undefined ? { text: cacheKeys.textTokens(encoderId, text.sha256) } : {}),
  };
}

function resolve(keys: WantedKeys, sequences: ReadonlyMap<string, TokenSequence>): Resolved {
  const image = keys.image === undefined ? undefined : sequences.get(keys.image);
  const text = keys.text === undefined ? undefined : sequences.get(keys.text);
  if (keys.image !== undefined && image === undefined) return { kind: 'vanished', what: 'the token sequence of the image' };
  if (keys.text !== undefined && text === undefined) return { kind: 'vanished', what: 'the token sequence of the text' };
  return image === undefined && text === undefined
    ? { kind: 'nothing' }
    : { kind: 'input', input: { ...(image && { image }), ...(text && { text }) } };
}
