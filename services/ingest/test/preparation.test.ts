import { isIP } from 'node:net';
import { loadBundle } from '@labelstream/shared/bundle/load';
import { createDataImageSource } from '@labelstream/shared/image/data-uri';
import { isPublicAddress } from '@labelstream/shared/net/address';
import { checkHttpUri } from '@labelstream/shared/net/http-uri';
import { expect, test } from 'vitest';
import { FUZZ_TIMEOUT_MS, type FuzzTarget, fuzz, loadCorpus, tryInput } from '../../../packages/shared/test/fuzz/fuzz.js';
import { openPreparation } from '../src/preparation.js';
import { dataUri, ENCODER_BUNDLE, PIXEL_BYTES } from './harness.js';

const limits = { maxTextBytes: 65_536, maxPixels: 1_000_000, decodeConcurrency: 2 };
const preparation = await openPreparation(await loadBundle(ENCODER_BUNDLE, 'encoder'), limits);
const source = createDataImageSource({ maxBytes: 1_000_000 });
const policy = { plainHttp: true, ports: [8080], hosts: [] };

/** What strangers send as an image: its bytes, from the data URI to the pixels, and the URIs of the web. */
const intake: FuzzTarget = {
  name: 'image',
  corpus: loadCorpus('./corpus', import.meta.url),
  words: [
    'IHDR',
    'IDAT',
    'iCCP',
    'acTL',
    'JFIF',
    'Exif\0\0II*\0',
    'WEBP',
    'VP8X',
    'ANIM',
    'ftypavif',
    'http://',
    '@',
    '%00',
    '[::1]',
    '127.0.0.1',
    ':0',
  ],
  codes: [
    ...(['IMAGE_URI_INVALID', 'IMAGE_URI_FORBIDDEN', 'IMAGE_TOO_LARGE'] as const),
    ...(['IMAGE_NOT_AN_IMAGE', 'IMAGE_NOT_DECODABLE', 'IMAGE_TOO_MANY_PIXELS'] as const),
  ],
  async parse(bytes, { name }) {
    if (name.endsWith('.uri')) {
      const { url } = checkHttpUri(Buffer.from(bytes).toString('utf8'), policy);
      const host = url.hostname.replace(/^\[|\]$/g, '');
      expect([isIP(host) === 0 || isPublicAddress(host), url.username, url.password]).toEqual([true, '', '']);
      return;
    }
    const pixels = await preparation.pixels(await source.fetch({ uri: dataUri(bytes) }));
    expect(pixels).toHaveLength(PIXEL_BYTES);
  },
};

test.each(intake.corpus)('the image intake takes or refuses $name', async (seed) => {
  expect(await tryInput(intake, seed.bytes, seed)).toMatch(/^taken$|^IMAGE_/);
});

test('no mutated image makes the intake crash, hang or give other than whole pixels', () => fuzz(intake), FUZZ_TIMEOUT_MS);
