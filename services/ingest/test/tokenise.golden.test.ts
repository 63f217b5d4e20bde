import { loadBundle } from '@labelstream/shared/bundle/load';
import { readConfig } from '@labelstream/shared/config';
import { expect, test } from 'vitest';
import { loadTokenizer } from '../src/adapters/tokenizer.js';
import { ingestSettings } from '../src/config.js';
import { prepareText } from '../src/text/prepare.js';
import { readContractGolden } from './contract-golden.js';

interface Golden {
  readonly contextLength: number;
  readonly cases: readonly { readonly text: string; readonly ids: readonly number[] }[];
}

const { contextLength, cases } = readContractGolden<Golden>('tokenisation.json');
const bundle = await loadBundle(readConfig(ingestSettings, {}).ENCODER_BUNDLE, 'encoder');
const encode = await loadTokenizer(bundle);

test('the vectors were made for the default encoder', () => {
  expect(contextLength).toBe(bundle.manifest.text.contextLength);
});

test.each(cases)('$text has the ids of training', ({ text, ids }) => {
  const { tokenIds } = prepareText({ title: text, attributes: {}, images: [] }, { encode, maxBytes: 65_536 });
  expect(tokenIds).toEqual(ids);
});
