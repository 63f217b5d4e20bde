import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadBundle } from '@labelstream/shared/bundle/load';
import type { Bundle, EncoderManifest } from '@labelstream/shared/bundle/manifest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadTokenizer } from '../../src/adapters/tokenizer.js';
import { ENCODER_BUNDLE } from '../harness.js';

const directory = mkdtempSync(join(tmpdir(), 'labelstream-tokenizer-'));
let bundle: Bundle<EncoderManifest>;

beforeAll(async () => {
  bundle = await loadBundle(ENCODER_BUNDLE, 'encoder');
  cpSync(bundle.directory, directory, { recursive: true });
});
afterAll(() => rmSync(directory, { recursive: true }));

/** A bundle whose tokenizer.json is changed. */
function changed(change: (definition: Record<string, unknown>) => unknown): Bundle<EncoderManifest> {
  const definition = JSON.parse(readFileSync(join(bundle.directory, 'tokenizer.json'), 'utf8'));
  const content = change(definition);
  writeFileSync(join(directory, 'tokenizer.json'), typeof content === 'string' ? content : JSON.stringify(content));
  return { ...bundle, directory };
}

test.each([
  ['Red Shirt', [1, 4, 9, 2]],
  ['', [1, 2]],
  ['no such words', [1, 3, 3, 3, 2]],
  ['red '.repeat(30), [1, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 2]],
])('%j has the ids of the bundle’s vocabulary, at most the context length', async (text, ids) => {
  const encode = await loadTokenizer(bundle);
  expect(encode(text)).toEqual(ids);
});

test('a capital sigma is lowered as in training, also at the end of a word', async () => {
  const encode = await loadTokenizer(
    changed((definition) => {
      const vocab = { ...(definition.model as { vocab: object }).vocab, ας: 18, ασ: 19 };
      return { ...definition, model: { ...(definition.model as object), vocab } };
    }),
  );
  expect(encode('ΑΣ')).toEqual([1, 19, 2]);
  expect(encode('ας')).toEqual([1, 18, 2]);
});

test.each([
  ['a 64 KiB word', 'a'.repeat(65_536)],
  ['a 64 KiB run of blanks', `a${' '.repeat(65_534)}b`],
  ['64 KiB of accents', 'e\u0301'.repeat(21_000)],
  ['64 KiB of letters and digits by turns', '1a'.repeat(32_768)],
  ['control characters', '\u0000\u0001\u0007\u001b[31m'],
  ['markup', '<script>alert("red")</script>&amp;<!--'],
  ['right-to-left marks', '\u202ered\u202c'],
  ['emoji', '👩‍👩‍👧‍👦🏽'],
  ['half a surrogate pair', '\ud800 red \udc00'],
])('%s is harmless and quick', async (_, text) => {
  const encode = await loadTokenizer(bundle);
  const started = performance.now();
  const ids = encode(text);
  expect(performance.now() - started).toBeLessThan(1000);
  expect(ids.length).toBeLessThanOrEqual(bundle.manifest.text.contextLength);
  for (const id of ids) expect(id).toBeGreaterThanOrEqual(0);
});

test.each([
  ['no JSON', () => 'no JSON'],
  [
    'a model that the library does not know',
    (definition: object) => ({ ...definition, model: { type: 'WordLevel', vocab: {}, unk_token: 'x' } }),
  ],
  ['no begin and end token', (definition: object) => ({ ...definition, post_processor: null })],
])('%s makes the bundle invalid', async (_, change) => {
  await expect(loadTokenizer(changed(change))).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
});
