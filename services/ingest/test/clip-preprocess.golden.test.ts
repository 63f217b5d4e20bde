import type { PreprocessSpec } from '@labelstream/shared/bundle/manifest';
import { expect, test } from 'vitest';
import { createPixelDecoder } from '../src/adapters/pixels.js';
import { readContractGolden } from './contract-golden.js';

interface Case {
  readonly name: string;
  /** Encoded picture, base64. */
  readonly input: string;
  readonly preprocess: PreprocessSpec;
  /** Largest difference of any value from CLIP's own preprocessing, and the mean of all. */
  readonly absoluteTolerance: number;
  readonly meanTolerance: number;
  /** uint8 HWC, base64. */
  readonly pixels: string;
}

const { cases } = readContractGolden<{ cases: Case[] }>('clip-preprocessing.json');

test.each(cases)('CLIP’s pixels: $name', async ({ input, preprocess, absoluteTolerance, meanTolerance, pixels }) => {
  const expected = Buffer.from(pixels, 'base64');
  const actual = await createPixelDecoder(preprocess, { maxPixels: 1_000_000 })(Buffer.from(input, 'base64'));
  expect(actual.length).toBe(expected.length);
  const differences = [...actual].map((value, at) => Math.abs(value - expected[at]!));
  expect(Math.max(...differences)).toBeLessThanOrEqual(absoluteTolerance);
  expect(differences.reduce((sum, each) => sum + each, 0) / differences.length).toBeLessThanOrEqual(meanTolerance);
});
