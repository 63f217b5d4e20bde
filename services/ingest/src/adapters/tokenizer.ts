import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import type { Bundle, EncoderManifest } from '@labelstream/shared/bundle/manifest';
import { describeError, LabelstreamError } from '@labelstream/shared/errors';
import { cleanOpenClip } from '../text/clean-open-clip.js';
import { type EncodeText, encodeTruncated } from '../text/truncate.js';

/** Opens the tokeniser of an encoder bundle; its ids are truncated to the context length. Throws BUNDLE_INVALID. */
export async function loadTokenizer({ id, directory, manifest: { text } }: Bundle<EncoderManifest>): Promise<EncodeText> {
  const encode = await openTokenizer(join(directory, text.tokenizer), id);
  const empty = encode('');
  if (empty[0] !== text.beginTokenId || empty.at(-1) !== text.endTokenId) {
    throw new LabelstreamError('BUNDLE_INVALID', `${id}: the tokeniser does not put the manifest's begin and end token around a text`);
  }
  const clean = text.clean === undefined ? (words: string) => words : cleanOpenClip;
  return (words) => encodeTruncated(encode, clean(words), text.contextLength, text.endTokenId);
}

/** The library takes other models without a word and gives undefined ids. */
const MODELS = ['BPE', 'Unigram', 'WordPiece'];

interface Definition {
  readonly model: { readonly type: string };
  readonly normalizer: object | null;
}

async function openTokenizer(path: string, id: string): Promise<EncodeText> {
  try {
    const definition: Definition = JSON.parse(await readFile(path, 'utf8'));
    if (!MODELS.includes(definition.model.type)) throw new Error(`the model ${definition.model.type} is none of ${MODELS.join(', ')}`);
    const tokenizer = new Tokenizer(definition, {});
    const encode: EncodeText = (text) => tokenizer.encode(text).ids;
    return JSON.stringify(definition.normalizer).includes('"Lowercase"') ? (text) => encode(lowerSigma(text)) : encode;
  } catch (error) {
    throw new LabelstreamError('BUNDLE_INVALID', `${id}: the tokeniser cannot be used: ${describeError(error)}`, { cause: error });
  }
}

/** JavaScript lowers a sigma at a word's end to its final form; the Python library, which made the ids of training, never does. */
function lowerSigma(text: string): string {
  return text.replaceAll('Σ', 'σ');
}
