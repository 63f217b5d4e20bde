import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSource } from '../../src/adapters/source/open-listings.js';
import type { SourceRow } from '../../src/source/row.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labelstream-source-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function rowsOf(name: string, content: string): Promise<SourceRow[]> {
  const file = join(folder, name);
  await writeFile(file, content);
  return collect(file);
}

async function collect(file: string): Promise<SourceRow[]> {
  const rows: SourceRow[] = [];
  for await (const row of readSource(file, 7)) rows.push(row);
  return rows;
}

describe('a source file', () => {
  it('gives the same rows as CSV and as JSON Lines', async () => {
    const csv = await rowsOf('a.csv', '\uFEFFid,title,articleType\n1,"Blue, long shirt",Shirts\n2,,\n');
    const json = await rowsOf('a.jsonl', '{"id":1,"title":"Blue, long shirt","articleType":"Shirts"}\n\n{"productId":"2"}\n');
    expect(csv).toEqual([
      { productId: '1', title: 'Blue, long shirt', version: 7, columns: { articleType: 'Shirts' } },
      { productId: '2', version: 7, columns: {} },
    ]);
    expect(json).toEqual(csv);
  });

  it('keeps a title exactly as it stands, line breaks included', async () => {
    const [row] = await rowsOf('b.csv', 'productId,title,version\nx," two\nlines ",3\n');
    expect(row).toMatchObject({ productId: 'x', title: ' two\nlines ', version: 3 });
  });

  it.each([
    ['c.csv', 'id,title\n1,ok\n2,"broken\n', /c\.csv, line \d+: not valid CSV/],
    ['quote.csv', 'id,title\n1,a 24" screen\n', /quote\.csv, line 2: not valid CSV \(INVALID_OPENING_QUOTE\)/],
    ['d.csv', 'id,title\n1,ok,too many\n', /d\.csv, line 2: not valid CSV/],
    ['e.csv', 'title\nno id\n', /e\.csv, line 2: the row has no "id"/],
    ['f.csv', 'id,version\n1,two\n', /f\.csv, line 2: "version" must be a whole number/],
    ['g.jsonl', '{"id":1}\n{"id":\n', /g\.jsonl, line 2: not valid JSON/],
    ['h.jsonl', '[1]\n', /h\.jsonl, line 1: not a JSON object/],
    ['i.parquet', 'PAR1 not really', /i\.parquet, row 1: not a readable Parquet file/],
    ['j.xlsx', 'x', /only \.csv, \.jsonl, \.parquet and \.avro/],
  ])('says where %s is wrong', async (name, content, message) => {
    await expect(rowsOf(name, content)).rejects.toMatchObject({ code: 'SOURCE_INVALID', message: expect.stringMatching(message) });
  });

  it('says when it is not there', async () => {
    for (const name of ['none.csv', 'none.jsonl', 'none.parquet']) {
      await expect(collect(join(folder, name))).rejects.toMatchObject({ code: 'SOURCE_INVALID', message: expect.stringContaining(name) });
    }
  });

  it('says when it is a folder', async () => {
    for (const name of ['folder.csv', 'folder.jsonl', 'folder.parquet']) {
      await mkdir(join(folder, name));
      await expect(collect(join(folder, name))).rejects.toMatchObject({ code: 'SOURCE_INVALID', message: expect.stringContaining(name) });
    }
  });

  it('can be left in the middle', async () => {
    await writeFile(join(folder, 'long.csv'), `id\n${'1\n'.repeat(100_000)}`);
    for await (const row of readSource(join(folder, 'long.csv'), 1)) {
      expect(row.productId).toBe('1');
      break;
    }
  });
});
