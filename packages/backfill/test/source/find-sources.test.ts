import { describe, expect, it } from 'vitest';
import { absoluteSource, findSources } from '../../src/source/find-sources.js';
import { createMemoryStore } from './memory-store.js';

const { signal } = new AbortController();

function find(objects: Record<string, string>, sources: string[], format?: 'csv' | 'jsonl') {
  const store = createMemoryStore();
  for (const [uri, bytes] of Object.entries(objects)) store.put(uri, bytes);
  return findSources({ store, signal }, { sources, format });
}

async function uris(objects: Record<string, string>, ...sources: string[]): Promise<string[]> {
  const found = await find(objects, sources);
  return found.type === 'files' ? found.files.map(({ object }) => object.uri) : [found.type];
}

const SHOP = {
  's3://shop/2/b.csv': 'id',
  's3://shop/2/a.jsonl.gz': 'x',
  's3://shop/2/_SUCCESS': '',
  's3://shop/2/none.csv': '',
  '/data/c.csv': 'id',
};

describe('sources', () => {
  it('are files, prefixes and patterns, in the order in which they are named', async () => {
    expect(await uris(SHOP, '/data/c.csv', 's3://shop/2/')).toEqual(['/data/c.csv', 's3://shop/2/a.jsonl.gz', 's3://shop/2/b.csv']);
    expect(await uris(SHOP, 's3://shop/2')).toEqual(['s3://shop/2/a.jsonl.gz', 's3://shop/2/b.csv']);
    expect(await uris(SHOP, 's3://shop/2/*.csv')).toEqual(['s3://shop/2/b.csv']);
    expect(await uris(SHOP, 'file:///data/c.csv')).toEqual(['/data/c.csv']);
  });

  it.each([
    ['/data/list.txt', '# what to read\nc.csv\r\n\n/other/d.csv\ns3://shop/2/b.csv\n'],
    ['/data/list.json', '["c.csv", "/other/d.csv", "s3://shop/2/b.csv"]'],
    ['/data/list.json', '{"entries": [{"url": "c.csv", "mandatory": true}, {"url": "/other/d.csv"}, {"url": "s3://shop/2/b.csv"}]}'],
  ])('may be listed in %s', async (manifest, text) => {
    expect(await uris({ ...SHOP, '/other/d.csv': 'id', [manifest]: text }, manifest)).toEqual([
      '/data/c.csv',
      '/other/d.csv',
      's3://shop/2/b.csv',
    ]);
  });

  it('may be pictures', async () => {
    const pictures = { 's3://shop/p/1.jpg': 'x', 's3://shop/p/2.png': 'x', '/all.tar': 'x' };
    expect(await find(pictures, ['s3://shop/p'])).toEqual({ type: 'pictures', folders: ['s3://shop/p/'] });
    expect(await find(pictures, ['/all.tar'])).toMatchObject({ type: 'tar', object: { uri: '/all.tar' } });
  });

  it('are what they are said to be', async () => {
    expect(await find({ '/data/export.txt': 'id\n' }, ['/data/export.txt'], 'csv')).toMatchObject({ files: [{ format: 'csv' }] });
  });

  it.each<[string, Record<string, string>, string[], RegExp]>([
    ['nothing there', SHOP, ['/none.csv'], /\/none\.csv: there is no such file or folder; check its name/],
    ['nothing of that pattern', SHOP, ['/data/*.parquet'], /\/data\/\*\.parquet: no file has such a name/],
    ['only empty files', { '/data/a.csv': '' }, ['/data/a.csv'], /\/data\/a\.csv: there is no listing; the files are empty/],
    ['only what other programs left', { '/data/_SUCCESS': '' }, ['/data'], /\/data: there is no listing; the folder is empty/],
    ['a file of another kind', { '/a.xlsx': 'x' }, ['/a.xlsx'], /\/a\.xlsx: only \.csv, .* can be read; say what it is with the format/],
    ['a file of another kind among listings', { '/d/a.csv': 'id', '/d/b.xlsx': 'x' }, ['/d'], /\/d\/b\.xlsx: only .*as in \/d\/\*\.csv/],
    ['listings and pictures', { '/d/a.csv': 'id', '/d/b.jpg': 'x' }, ['/d'], /\/d: there are listings and pictures/],
    ['a picture alone', { '/d/b.jpg': 'x' }, ['/d/b.jpg'], /\/d\/b\.jpg is a picture; give the folder/],
    ['a tar among others', { '/b.tar': 'x', '/a.csv': 'id' }, ['/a.csv', '/b.tar'], /a tar of pictures is a source alone/],
    ['a web address', SHOP, ['https://example.org/a.csv'], /only files and s3:\/\/bucket\/key can be read/],
    ['a manifest of nothing', { '/m.txt': '# nothing\n' }, ['/m.txt'], /\/m\.txt: it lists no file/],
    ['a manifest that is none', { '/m.json': '{"a": 1}' }, ['/m.json'], /\/m\.json: not a list of files/],
    ['a manifest of what is not there', { '/m.txt': 'gone.csv' }, ['/m.txt'], /\/gone\.csv: there is no such file/],
    ['a manifest of a folder', { '/m.txt': 'd', '/d/a.csv': 'id' }, ['/m.txt'], /\/m\.txt: \/d is a folder; a manifest names files/],
  ])('are refused when there is %s', async (_, objects, sources, message) => {
    await expect(find(objects, sources)).rejects.toMatchObject({ code: 'SOURCE_INVALID', message: expect.stringMatching(message) });
  });

  it('are stored as absolute paths', () => {
    expect(absoluteSource('a/b.csv')).toBe(`${process.cwd()}/a/b.csv`);
    expect(absoluteSource('/a/../b/')).toBe('/b/');
    expect(absoluteSource('s3://shop/a/../b')).toBe('s3://shop/a/../b');
  });
});
