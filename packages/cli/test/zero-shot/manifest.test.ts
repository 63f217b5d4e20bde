import type { Bundle, EncoderManifest } from '@labelstream/shared/bundle/manifest';
import { describe, expect, test } from 'vitest';
import { parseLabelSet } from '../../src/zero-shot/label-set.js';
import { bundleName, type ManifestParts, zeroShotManifest } from '../../src/zero-shot/manifest.js';

const encoder = { id: 'tiny@0123456789ab', manifest: { embeddingWidth: 6 } } as Bundle<EncoderManifest>;
const manifestOf = (labels: string, parts: Partial<ManifestParts> = {}) =>
  zeroShotManifest({
    labels: parseLabelSet(labels, 'labels.txt'),
    taxonomy: 'shop',
    task: 'category',
    encoder,
    threshold: 0.25,
    generation: 3,
    files: {},
    command: 'labelstream models zero-shot',
    madeOn: '2026-01-02',
    ...parts,
  });

describe('zeroShotManifest', () => {
  test('reads embeddings of the encoder it was made for', () => {
    expect(manifestOf('round\nsquare')).toMatchObject({
      requires: { encoder: 'tiny@0123456789ab' },
      generation: 3,
      graph: { reads: 'embeddings', multiplyAdds: 12 },
      tokenWidth: 6,
      embeddingWidth: 6,
    });
  });

  test('a flat set has labels and a threshold, and nothing of a taxonomy', () => {
    const [task] = manifestOf('round\nsquare').tasks;
    expect(task).toEqual({
      name: 'category',
      labels: ['round', 'square'],
      targetPrecision: 0.25,
      temperature: { complete: 1, imageOnly: 1, textOnly: 1 },
      threshold: { complete: 0.25, imageOnly: 0.25, textOnly: 0.25 },
    });
  });

  test('takes over from where on image and text belong together', () => {
    const match = { threshold: 0.1, falseAlarms: 0, found: 1, foundAt2Percent: 1, auroc: 1 };
    expect(manifestOf('round\nsquare', { match }).match).toEqual(match);
    expect(manifestOf('round\nsquare')).not.toHaveProperty('match');
  });

  test('a taxonomy is walked, and its ids are those of a category', () => {
    const [task] = manifestOf('1 - A\n7 - A > B').tasks;
    expect(task).toMatchObject({
      labels: ['A', 'A > B'],
      paths: { A: ['A'], 'A > B': ['A', 'B'] },
      walk: { beam: 5 },
      category: { taxonomy: 'shop', byLabel: { A: { id: '1', path: ['A'] }, 'A > B': { id: '7', path: ['A', 'B'] } } },
    });
  });
});

test.each([
  ['category', 'zero-shot-category'],
  ['articleType', 'zero-shot-article-type'],
  ['SKU2Type', 'zero-shot-sku2-type'],
  ['a'.repeat(63), `zero-shot-${'a'.repeat(53)}`],
])('a bundle for the task %s is named %s', (task, name) => {
  expect(bundleName(task)).toBe(name);
  expect(name).toMatch(/^[a-z0-9][a-z0-9-]{0,62}$/);
});
