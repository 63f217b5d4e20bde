import { expect, test } from 'vitest';
import type { EncoderManifest } from '../../src/bundle/manifest.js';
import { headInput } from '../../src/model/head-input.js';
import type { TokenSequence } from '../../src/tensor/token-sequence.js';

const encoder = { tokenWidth: 2, embeddingWidth: 3 } as EncoderManifest;
/** Binary16: 1, 2, 3, 4. */
const tokens = Uint16Array.from([0x3c00, 0x4000, 0x4200, 0x4400]);
const sequence: TokenSequence = { count: 2, width: 2, tokens, embedding: Float32Array.from([0.5, 0.25, 0.125]) };

function written(reads: 'tokens' | 'embeddings') {
  const input = headInput(reads, encoder);
  const target = new Float32Array(1 + input.count(sequence) * input.width);
  input.write(sequence, target, 1);
  return { count: input.count(sequence), width: input.width, values: [...target] };
}

test('a head that reads tokens is given the whole sequence', () => {
  expect(written('tokens')).toEqual({ count: 2, width: 2, values: [0, 1, 2, 3, 4] });
});

test('a head that reads embeddings is given the embedding as the only token', () => {
  expect(written('embeddings')).toEqual({ count: 1, width: 3, values: [0, 0.5, 0.25, 0.125] });
});
