import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadAnyBundle, loadBundle, readAnyBundle } from '../../src/bundle/load.js';
import { BUNDLE_KINDS } from '../../src/bundle/validate.js';

let folder: string;
const at = (file: string) => join(folder, 'fusion', file);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labelstream-hostile-'));
  await cp(join(import.meta.dirname, '../fixtures/bundles/fusion'), join(folder, 'fusion'), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

const manifestText = () => readFile(at('manifest.json'), 'utf8');
const writeManifest = (text: string) => writeFile(at('manifest.json'), text);
const LISTED = `{"sha256":"${'0'.repeat(64)}","sizeBytes":1}`;

/** Lists a further file by its name, as JSON spells it. */
const listing =
  (name: string, entry = LISTED) =>
  async () => {
    await writeManifest((await manifestText()).replace(/"files":\s*\{/, (head) => `${head}${JSON.stringify(name)}:${entry},`));
  };
/** Writes something else in place of the first `pattern` of the manifest. */
const replacing = (pattern: RegExp, by: string) => async () => {
  const text = await manifestText();
  expect(text).toMatch(pattern);
  await writeManifest(text.replace(pattern, by));
};
/** Puts a link in place of a file. */
const linking = (target: (file: string) => string | Promise<string>) => async () => {
  const to = await target('fusion.onnx');
  await rm(at('fusion.onnx'), { force: true });
  await symlink(to, at('fusion.onnx'));
};

it.each<[string, () => Promise<void>, RegExp]>([
  ['a path that climbs out', listing('../../etc/passwd'), /lies outside/],
  ['a path that climbs out with backslashes', listing('..\\..\\secret'), /lies outside/],
  ['a path that climbs out from within', listing('a/../../secret'), /lies outside/],
  ['an absolute path', listing('/etc/passwd'), /lies outside/],
  ['a path with a zero byte', listing('graph.onnx\0.txt'), /graph\.onnx/],
  ['a folder in place of a file', listing('.'), /missing|link out/],
  [
    'a link to a file outside with the very same bytes',
    linking(async (file) => {
      await rename(at(file), join(folder, 'outside.onnx'));
      return join(folder, 'outside.onnx');
    }),
    /"fusion\.onnx" is a link out of the bundle/,
  ],
  ['a link to a device', linking(() => '/dev/zero'), /is a link out of the bundle/],
  ['a link to itself', linking(() => 'fusion.onnx'), /fusion\.onnx/],
  ['a link to nothing', linking(() => 'nothing.onnx'), /"fusion\.onnx" is missing/],
  ['a size beyond all memory', replacing(/"sizeBytes": ?\d+/, '"sizeBytes": 9007199254740991'), /the manifest says 9007199254740991/],
  ['a size that is negative', replacing(/"sizeBytes": ?\d+/, '"sizeBytes": -1'), /sizeBytes must be/],
  ['a size that is no number', replacing(/"sizeBytes": ?\d+/, '"sizeBytes": 1e999'), /sizeBytes must be/],
  ['a wrong hash', replacing(/"sha256": ?"[0-9a-f]{64}"/, `"sha256": "${'0'.repeat(64)}"`), /does not have the SHA-256/],
  ['a hash that is none', replacing(/"sha256": ?"[0-9a-f]{64}"/, '"sha256": "trust me"'), /sha256 must match/],
  ['an unknown key', replacing(/\{/, '{"onLoad":"run.js",'), /unknown key "onLoad"/],
  ['a prototype of its own', replacing(/\{/, '{"__proto__":{"polluted":1},'), /unknown key "__proto__"/],
  ['a constructor of its own', replacing(/\{/, '{"constructor":{"prototype":{"polluted":1}},'), /unknown key "constructor"/],
  ['a file named __proto__', listing('__proto__'), /"__proto__" is missing/],
  ['a file named constructor', listing('constructor'), /"constructor" is missing/],
  ['NaN in the calibration', replacing(/"textOnly": ?[\d.]+/, '"textOnly": NaN'), /is not JSON/],
  ['infinity in the calibration', replacing(/"textOnly": ?[\d.]+/, '"textOnly": 1e999'), /textOnly must be number/],
  ['a temperature below zero', replacing(/"textOnly": ?[\d.]+/, '"textOnly": -1'), /temperature|textOnly must be/],
  ['a temperature that is text', replacing(/"textOnly": ?[\d.]+/, '"textOnly": "1"'), /textOnly must be number/],
  ['a width that no graph has', replacing(/"tokenWidth": ?\d+/, '"tokenWidth": 4096'), /"image_tokens" of fusion/],
  ['a width beyond all memory', replacing(/"tokenWidth": ?\d+/, '"tokenWidth": 1e308'), /tokenWidth|"image_tokens"/],
  ['a kind that is on every prototype', replacing(/"kind": ?"fusion"/, '"kind": "constructor"'), /kind is "constructor"/],
  ['a manifest that is a list', () => writeManifest('[]'), /kind is undefined/],
  ['a manifest that is null', () => writeManifest('null'), /kind is undefined/],
  ['a manifest without an end', () => writeManifest('['.repeat(200_000)), /is not JSON/],
  ['a manifest nested without end', () => writeManifest(`${'['.repeat(5_000)}${']'.repeat(5_000)}`), /kind is undefined/],
])('refuses %s before anything is loaded', async (_, harm, message) => {
  await harm();
  const refusal = { code: 'BUNDLE_INVALID', retriable: false, message: expect.stringMatching(message) };
  await expect(loadBundle(join(folder, 'fusion'), 'fusion')).rejects.toMatchObject(refusal);
  await expect(loadAnyBundle(join(folder, 'fusion'))).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

it('takes a link that stays inside, and a bundle that is reached by a link', async () => {
  await rename(at('fusion.onnx'), at('v1.onnx'));
  await symlink('v1.onnx', at('fusion.onnx'));
  await symlink(join(folder, 'fusion'), join(folder, 'current'));
  const bundle = await loadBundle(join(folder, 'current'), 'fusion');
  expect(
    bundle.id.endsWith(
      createHash('sha256')
        .update(await manifestText())
        .digest('hex')
        .slice(0, 12),
    ),
  ).toBe(true);
});

it('does not read the files of a bundle whose manifest is refused', async () => {
  await rm(at('fusion.onnx'));
  await replacing(/\{/, '{"extra":1,')();
  await expect(readAnyBundle(join(folder, 'fusion'))).rejects.toMatchObject({ message: expect.not.stringContaining('fusion.onnx') });
  expect(BUNDLE_KINDS).toContain('fusion');
});
