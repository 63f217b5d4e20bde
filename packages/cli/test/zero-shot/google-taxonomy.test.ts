import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { GOOGLE_TAXONOMY, readGoogleTaxonomy } from '../../src/zero-shot/google-taxonomy.js';

const root = new URL('../../../../', import.meta.url);
const readJson = (path: string) => JSON.parse(readFileSync(new URL(path, root), 'utf8'));

interface Chosen {
  readonly taxonomy: string;
  readonly byLabel: Record<string, { readonly id: string; readonly path: string[] }>;
}

const { entries, isTaxonomy } = await readGoogleTaxonomy();

test('the whole taxonomy is read, each category with its id', () => {
  expect(isTaxonomy).toBe(true);
  expect(entries).toHaveLength(5582);
  expect(new Set(entries.map(({ id }) => id)).size).toBe(5582);
  expect(Math.max(...entries.map(({ path }) => path?.length ?? 0))).toBe(7);
  expect(entries.find(({ id }) => id === '212')).toEqual({
    id: '212',
    label: 'Apparel & Accessories > Clothing > Shirts & Tops',
    name: 'Shirts & Tops',
    path: ['Apparel & Accessories', 'Clothing', 'Shirts & Tops'],
  });
});

describe('the categories chosen by hand for the article types', () => {
  const chosen: Record<string, Chosen> = readJson('training/labelstream_training/google_categories.json');
  const paths = new Map(entries.map(({ id, path }) => [id, path]));

  test('are those of the taxonomy, id and path', () => {
    for (const { taxonomy, byLabel } of Object.values(chosen)) {
      expect(taxonomy).toBe(GOOGLE_TAXONOMY);
      for (const [label, { id, path }] of Object.entries(byLabel)) expect({ label, path: paths.get(id) }).toEqual({ label, path });
    }
  });

  test('cover every article type of the shipped head', () => {
    const manifest: { tasks: { name: string; labels: string[] }[] } = readJson('models/fusion-fashion-cma/manifest.json');
    const labels = manifest.tasks.find(({ name }) => name === 'articleType')?.labels ?? [];
    expect(labels.length).toBeGreaterThan(100);
    expect(labels.filter((label) => chosen.articleType?.byLabel[label] === undefined)).toEqual([]);
  });
});
