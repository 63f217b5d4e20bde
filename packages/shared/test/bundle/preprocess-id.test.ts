import { expect, test } from 'vitest';
import type { PreprocessSpec } from '../../src/bundle/manifest.js';
import { preprocessId } from '../../src/bundle/preprocess-id.js';

const spec: PreprocessSpec = { width: 60, height: 80, channels: 3, fit: 'contain', kernel: 'lanczos3', background: [255, 255, 255] };

test('the id does not depend on the order of the keys', () => {
  const turned = Object.fromEntries(Object.entries(spec).reverse()) as unknown as PreprocessSpec;
  expect(preprocessId(turned)).toBe(preprocessId(spec));
});

test('the id is pinned, since it is part of cache keys of running deployments', () => {
  expect(preprocessId(spec)).toBe('297cf88b5ce1');
});

test.each([
  { width: 61 },
  { height: 81 },
  { fit: 'cover' as const },
  { kernel: 'cubic' as const },
  { background: [255, 255, 254] as const },
])('%j changes the id', (change) => {
  expect(preprocessId({ ...spec, ...change })).not.toBe(preprocessId(spec));
});
