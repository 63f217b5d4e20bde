import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { FUZZ_TIMEOUT_MS, type FuzzTarget, fuzz, loadCorpus, tryInput } from '../../../shared/test/fuzz/fuzz.js';
import { createParquetDecoder } from '../../src/adapters/parquet/decoder.js';
import { createLocalObjectStore } from '../../src/adapters/source/local-object-store.js';
import { unzstd } from '../../src/adapters/source/zstd.js';
import { gunzip } from '../../src/source/decompress.js';
import { eventOf } from '../../src/source/event.js';
import { readWholeFile } from '../../src/source/whole-file.js';

const folder = mkdtempSync(join(tmpdir(), 'labelstream-source-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true }));
// Little memory and time, so that a file that takes all of it is soon through.
const parquetDecoder = createParquetDecoder({ heapMb: 64, silenceMs: 1000 });
const deps = { store: createLocalObjectStore(), decompressors: { gzip: gunzip, zstd: unzstd }, parquetDecoder };

/** Files given with --source: CSV, JSON Lines, Parquet and Avro. */
const source: FuzzTarget = {
  name: 'source',
  corpus: loadCorpus('../corpus', import.meta.url),
  words: [
    'id',
    'productId',
    'title',
    'version',
    '"',
    '""',
    ',',
    '\r\n',
    '{"id":',
    '}\n{',
    '__proto__',
    'PAR1',
    'Obj\u0001',
    'avro.schema',
    '\0',
    '\u2028',
  ],
  codes: ['SOURCE_INVALID'],
  async parse(bytes, { name }) {
    const file = join(folder, `input${extname(name)}`);
    writeFileSync(file, bytes);
    for await (const row of readWholeFile(deps, file, 7)) {
      expect(row.productId).not.toBe('');
      expect(Number.isSafeInteger(row.version)).toBe(true);
      for (const value of Object.values(row.columns)) expect(typeof value).toBe('string');
      expect(typeof eventOf(row, undefined, 'none', 0).productId).toBe('string');
    }
  },
};

test.each(source.corpus)('the source reader takes or refuses $name', async (seed) => {
  expect(await tryInput(source, seed.bytes, seed)).toMatch(/^taken$|^SOURCE_INVALID$/);
});

test('no mutated file makes the source reader crash, hang or give a row that is none', () => fuzz(source), FUZZ_TIMEOUT_MS);
