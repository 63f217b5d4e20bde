import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EncoderManifest, TextSpec } from '@labelstream/shared/bundle/manifest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadTokenizer } from '../src/adapters/tokenizer.js';
import type { EncodeText } from '../src/text/truncate.js';
import { readClipMerges, readContractGolden } from './contract-golden.js';
import { drawTexts, type Recipe } from './drawn-texts.js';

interface Library {
  readonly library: string;
  readonly clean?: 'open-clip';
  /** Begin and end token. */
  readonly special: readonly [string, string];
  /** tokenizer.json without its vocabulary and merges. */
  readonly definition: { readonly model: object };
  /** The first 8 digits of the SHA-256 of each text's ids, one after the other. */
  readonly hashes: string;
  /** Places of texts that the library repairs as decoded in a wrong encoding, which the service does not. */
  readonly repaired: readonly number[];
}

const HASH_DIGITS = 8;
const NO_LIMIT = 1_000_000;
/** A few seconds on a machine with nothing else to do. */
const TIMEOUT_MS = 180_000;
const { recipe, contextLength, libraries } = readContractGolden<{ recipe: Recipe; contextLength: number; libraries: Library[] }>(
  'clip-tokenisation.json',
);
const merges = readClipMerges();
const texts = drawTexts(recipe);

/** One printable character per byte, those first that are printable themselves. */
function byteLetters(): string[] {
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const isPrintable = (byte: number) => (byte >= 0x21 && byte < 0x7f) || (byte >= 0xa1 && byte !== 0xad);
  const printable = bytes.filter(isPrintable).map((byte) => String.fromCharCode(byte));
  return [...printable, ...Array.from({ length: 256 - printable.length }, (_, place) => String.fromCharCode(256 + place))];
}

const directory = mkdtempSync(join(tmpdir(), 'labelstream-clip-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** The service's tokeniser with CLIP's vocabulary. */
async function open({ definition, special, clean }: Library, limit: number): Promise<EncodeText> {
  const letters = byteLetters();
  const words = [...letters, ...letters.map((letter) => `${letter}</w>`), ...merges.map((pair) => pair.join('')), ...special];
  const vocab = Object.fromEntries(words.map((word, id) => [word, id]));
  writeFileSync(join(directory, 'tokenizer.json'), JSON.stringify({ ...definition, model: { ...definition.model, vocab, merges } }));
  const text: TextSpec = {
    tokenizer: 'tokenizer.json',
    ...(clean && { clean }),
    contextLength: limit,
    vocabularySize: words.length,
    beginTokenId: words.length - 2,
    endTokenId: words.length - 1,
    padTokenId: 0,
  };
  return loadTokenizer({ id: 'clip', directory, manifest: { text } as EncoderManifest });
}

const hashIds = (ids: readonly number[]) => createHash('sha256').update(ids.join(',')).digest('hex').slice(0, HASH_DIGITS);

test('the texts are many, of many scripts, and some are very long', () => {
  expect(texts).toHaveLength(5200);
  expect(Math.max(...texts.map(({ length }) => length))).toBeGreaterThan(5000);
  expect(merges).toHaveLength(48_894);
});

describe.each(libraries)('CLIP’s vocabulary as in $library', (library) => {
  let encode: EncodeText;
  beforeAll(async () => {
    encode = await open(library, NO_LIMIT);
  });

  test(
    'every text has the ids of the library',
    () => {
      const repaired = new Set(library.repaired);
      const wrong = texts.flatMap((text, place) => {
        const expected = library.hashes.slice(place * HASH_DIGITS, (place + 1) * HASH_DIGITS);
        return repaired.has(place) || hashIds(encode(text)) === expected ? [] : [place];
      });
      expect(wrong).toEqual([]);
      expect(texts.length - repaired.size).toBeGreaterThanOrEqual(5000);
    },
    TIMEOUT_MS,
  );

  test(
    'a text is cut with its end token kept',
    async () => {
      const limited = await open(library, contextLength);
      for (const text of texts.slice(0, 500)) {
        const ids = encode(text);
        expect(limited(text)).toEqual(ids.length <= contextLength ? ids : [...ids.slice(0, contextLength - 1), ids.at(-1)]);
      }
    },
    TIMEOUT_MS,
  );
});
