import { expect, it } from 'vitest';
import { imageUri, isImagePrefix, uriBelow, uriWithoutFolder } from '../../src/source/images.js';

const row = (productId: string, image?: string) => ({ productId, ...(image === undefined ? {} : { image }) });

it('without a folder takes only images that are URIs', () => {
  expect(uriWithoutFolder(row('1', 'https://example.org/a.jpg'))).toBe('https://example.org/a.jpg');
  expect(uriWithoutFolder(row('1', 'a.jpg'))).toBeUndefined();
  expect(uriWithoutFolder(row('1'))).toBeUndefined();
});

it.each([
  ['/pictures', 'a b#1.jpg', 'file:///pictures/a%20b%231.jpg'],
  ['s3://shop/pictures/', 'a b#1.jpg', 's3://shop/pictures/a b#1.jpg'],
  ['https://example.org/pictures', 'x/a b#1.jpg', 'https://example.org/pictures/x/a%20b%231.jpg'],
])('names a picture in %s', (folder, name, uri) => {
  expect(imageUri(folder, name)).toBe(uri);
  expect(uriBelow(folder)(row('1', name))).toBe(uri);
  expect(uriBelow(folder)(row('1', 's3://other/1.jpg'))).toBe('s3://other/1.jpg');
});

it('looks into folders and tars, not into prefixes of URIs', () => {
  expect(['s3://shop/pictures/', 'https://example.org/p'].every(isImagePrefix)).toBe(true);
  expect(['/pictures', 'pictures.tar', 'file:///pictures', 's3://shop/pictures.tar'].some(isImagePrefix)).toBe(false);
});
