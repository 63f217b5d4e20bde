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

  const match = { threshold: 0.1, falseAlarms: 0.005, found: 0.9, foundAt2Percent: 0.98, auroc: 0.99 };

  it('may say from where on image and text belong together', () => {
    expect(validate((manifest) => Object.assign(manifest, { match })).match).toEqual(match);
  });

  it.each<[string, (manifest: Fusion) => void, RegExp]>([
    [
      'a threshold that is no cosine',
      (manifest) => Object.assign(manifest, { match: { ...match, threshold: 1.5 } }),
      /match\.threshold must be <= 1/,
    ],
    ['a share above 1', (manifest) => Object.assign(manifest, { match: { ...match, found: 80 } }), /match\.found must be <= 1/],
    [
      'a threshold of which nothing was measured',
      (manifest) => Object.assign(manifest, { match: { threshold: 0.1 } }),
      /missing key "auroc" in match/,
    ],
    ['an unknown key', (manifest) => Object.assign(manifest, { match: { ...match, aim: 0.1 } }), /unknown key "aim" in match/],
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

describe('an encoder', () => {
  const readEncoder = () => JSON.parse(readFileSync(new URL('../fixtures/bundles/encoder/manifest.json', import.meta.url), 'utf8'));
  const validateEncoder = (change: (manifest: Json & { preprocess: Json; text: Json }) => void) => {
    const manifest = readEncoder();
    change(manifest);
    return validateManifest(manifest, 'encoder', schema, 'here');
  };

  it('may be without what older bundles do not have', () => {
    expect(validateEncoder(() => {})).toEqual(readEncoder());
  });

  it('may have a token width per tower, cover the model’s size and clean its texts', () => {
    const found = validateEncoder((manifest) => {
      manifest.tokenWidth = { image: 768, text: 512 };
      manifest.preprocess.fit = 'cover';
      manifest.text.clean = 'open-clip';
    });
    expect([found.tokenWidth, found.preprocess.fit, found.text.clean]).toEqual([{ image: 768, text: 512 }, 'cover', 'open-clip']);
  });

  it.each<[string, (manifest: Json & { preprocess: Json; text: Json }) => void, RegExp]>([
    ['the width of one tower only', (m) => Object.assign(m, { tokenWidth: { image: 768 } }), /missing key "text" in tokenWidth/],
    [
      'a width for a third tower',
      (m) => Object.assign(m, { tokenWidth: { image: 1, text: 1, sound: 1 } }),
      /unknown key "sound" in tokenWidth/,
    ],
    ['an empty width', (m) => Object.assign(m, { tokenWidth: { image: 1, text: 0 } }), /tokenWidth\.text must be >= 1/],
    ['a width in words', (m) => Object.assign(m, { tokenWidth: '768' }), /tokenWidth must be integer,object/],
    ['an unknown fit', (m) => Object.assign(m.preprocess, { fit: 'squash' }), /preprocess\.fit must be equal to one of/],
    ['an unknown cleaning', (m) => Object.assign(m.text, { clean: 'all' }), /text\.clean must be equal to one of/],
  ])('is refused with %s', (_, change, message) => {
    expect(() => validateEncoder(change)).toThrow(
      expect.objectContaining({ code: 'BUNDLE_INVALID', message: expect.stringMatching(message) }),
    );
  });
});
