import type { PreprocessSpec } from '@labelstream/shared/bundle/manifest';
import { expect, test } from 'vitest';
import { createPixelDecoder } from '../src/adapters/pixels.js';
import { readContractGolden } from './contract-golden.js';

interface Case {
  readonly name: string;
  /** Encoded image, base64. */
  readonly input: string;
  readonly preprocess: PreprocessSpec;
  /** Largest difference of any value. */
  readonly absoluteTolerance: number;
  readonly dims: readonly [number, number, number];
  /** uint8 HWC, base64. */
  readonly pixels: string;
}

const { cases } = readContractGolden<{ cases: Case[] }>('preprocessing.json');

test.each(cases)('$name', async ({ input, preprocess, absoluteTolerance, dims, pixels }) => {
  const expected = Buffer.from(pixels, 'base64');
  const actual = await createPixelDecoder(preprocess, { maxPixels: 50_000_000 })(Buffer.from(input, 'base64'));
  expect(actual.length).toBe(dims[0] * dims[1] * dims[2]);
  expect(actual.length).toBe(expected.length);
  const differences = actual.map((value, at) => Math.abs(value - expected[at]!));
  expect(Math.max(...differences)).toBeLessThanOrEqual(absoluteTolerance);
});
