import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readManifestSchema } from '../../src/adapters/file/bundle-files.js';
import { validateManifest } from '../../src/bundle/validate.js';

type Json = Record<string, unknown>;
interface Fusion extends Json {
  graph: Json;
  tasks: [Json, Json];
}

const schema = await readManifestSchema();
const read = (): Fusion => JSON.parse(readFileSync(new URL('../fixtures/bundles/fusion/manifest.json', import.meta.url), 'utf8'));

function validate(change: (manifest: Fusion) => void) {
  const manifest = read();
  change(manifest);
  return validateManifest(manifest, 'fusion', schema, 'here');
}

const everywhere = { Shirt: ['Wear', 'Shirt'], Dress: ['Wear', 'Dress'], Shoe: ['Shoe'] };

describe('a head', () => {
  it('may be without what older bundles do not have', () => {
    expect(validate(() => {})).toEqual(read());
  });

  it('may name the categories of some of its labels', () => {
    const category = { taxonomy: 'shop', byLabel: { Shirt: { id: '1', path: ['Shirt'] } } };
    expect(validate(({ tasks: [task] }) => Object.assign(task, { category })).tasks[0]?.category).toEqual(category);
  });

  it.each<[string, (manifest: Fusion) => void, RegExp]>([
    [
      'a category for no label',
      ({ tasks: [, task] }) => Object.assign(task, { category: { taxonomy: 'shop', byLabel: { Pink: { id: '1', path: ['Pink'] } } } }),
      /category\.byLabel: "Pink" is not a label/,
    ],
    [
      'a category without an id',
      ({ tasks: [task] }) => Object.assign(task, { category: { taxonomy: 'shop', byLabel: { Shirt: { path: ['Shirt'] } } } }),
      /missing key "id"/,
    ],
    ['an unknown thing to read', ({ graph }) => Object.assign(graph, { reads: 'pixels' }), /graph\.reads must be equal to one of/],
    [
      'embeddings of another width than the encoder’s',
      ({ graph }) => Object.assign(graph, { reads: 'embeddings' }),
      /tokenWidth is 8, a head that reads embeddings has embeddingWidth, 6/,
    ],
  ])('is refused with %s', (_, change, message) => {
    expect(() => validate(change)).toThrow(expect.objectContaining({ code: 'BUNDLE_INVALID', message: expect.stringMatching(message) }));
  });
});

describe('a walk', () => {
  const walked = (paths: Json, walk: Json = { beam: 3 }) => validate(({ tasks: [task] }) => Object.assign(task, { walk, paths }));

  it('needs every level to be a label', () => {
    expect(() => walked(everywhere)).toThrow(/walk: the category above "Shirt" is not a label/);
    expect(walked({ ...everywhere, Shoe: ['Wear'] }).tasks[0]?.walk).toEqual({ beam: 3 });
  });

  it.each([
    ['a label has no path', { Shirt: ['Shirt'], Dress: ['Dress'] }, undefined, /walk: "Shoe" has no path/],
    ['two labels are in one place', { ...everywhere, Shirt: ['Shoe'] }, undefined, /walk: two labels have the same path/],
    ['its beam is empty', everywhere, { beam: 0 }, /walk\.beam must be >= 1/],
  ])('is refused when %s', (_, paths, walk, message) => {
    expect(() => walked(paths, walk)).toThrow(message);
  });
});
