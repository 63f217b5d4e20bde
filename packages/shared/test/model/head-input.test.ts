import { expect, test } from 'vitest';
import type { EncoderManifest } from '../../src/bundle/manifest.js';
import { headInput } from '../../src/model/head-input.js';
import type { TokenSequence } from '../../src/tensor/token-sequence.js';

const encoder = { tokenWidth: { image: 2, text: 4 }, embeddingWidth: 3 } as EncoderManifest;
/** Binary16: 1, 2, 3, 4. */
const tokens = Uint16Array.from([0x3c00, 0x4000, 0x4200, 0x4400]);
const embedding = Float32Array.from([0.5, 0.25, 0.125]);
const image: TokenSequence = { count: 2, width: 2, tokens, embedding };
const text: TokenSequence = { count: 1, width: 4, tokens, embedding };

function written(reads: 'tokens' | 'embeddings', modality: 'image' | 'text') {
  const input = headInput(reads, encoder);
  const sequence = modality === 'image' ? image : text;
  const [count, width] = [input.count(sequence), input.widths[modality]];
  const target = new Float32Array(1 + count * width);
  input.write(sequence, target, 1);
  return { count, width, values: [...target] };
}

test('a head that reads tokens is given the whole sequence of each tower in its own width', () => {
  expect(written('tokens', 'image')).toEqual({ count: 2, width: 2, values: [0, 1, 2, 3, 4] });
  expect(written('tokens', 'text')).toEqual({ count: 1, width: 4, values: [0, 1, 2, 3, 4] });
});

test.each(['image', 'text'] as const)('a head that reads embeddings is given that of the %s as the only token', (modality) => {
  expect(written('embeddings', modality)).toEqual({ count: 1, width: 3, values: [0, 0.5, 0.25, 0.125] });
});
