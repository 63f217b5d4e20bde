import { describe, expect, it } from 'vitest';
import { fileType, folderOfPattern, isHidden, patternToRegExp } from '../../src/source/file-names.js';

describe('the name of a file', () => {
  it.each([
    ['a.csv', { type: 'listings', format: 'csv', compression: 'none' }],
    ['a.CSV.GZ', { type: 'listings', format: 'csv', compression: 'gzip' }],
    ['s3://b/a.ndjson.zst', { type: 'listings', format: 'jsonl', compression: 'zstd' }],
    ['a.parquet', { type: 'listings', format: 'parquet', compression: 'none' }],
    ['a.avro', { type: 'listings', format: 'avro', compression: 'none' }],
    ['a.parquet.gz', { type: 'unknown' }],
    ['a.jpeg', { type: 'picture' }],
    ['a.tar', { type: 'tar' }],
    ['a.txt', { type: 'manifest' }],
    ['a.xlsx', { type: 'unknown' }],
  ])('%s', (name, type) => {
    expect(fileType(name)).toEqual(type);
  });

  it('counts less than a format that is given', () => {
    expect(fileType('export.dat.gz', 'jsonl')).toEqual({ type: 'listings', format: 'jsonl', compression: 'gzip' });
    expect(fileType('export.txt', 'csv')).toEqual({ type: 'listings', format: 'csv', compression: 'none' });
  });

  it('tells what other programs leave beside the data', () => {
    expect(['/a/_SUCCESS', '/a/.part.crc'].every(isHidden)).toBe(true);
    expect(isHidden('/_a/part.csv')).toBe(false);
  });
});

describe('a pattern', () => {
  it.each([
    ['/a/*.csv', '/a/', ['/a/x.csv'], ['/a/b/x.csv', '/a/xcsv']],
    [
      's3://b/2026-??/*/part+1.csv',
      's3://b/',
      ['s3://b/2026-11/x/part+1.csv'],
      ['s3://b/2026-11/part+1.csv', 's3://b/2026-11/x/partt1.csv'],
    ],
    ['/a/**/x.csv', '/a/', ['/a/x.csv', '/a/b/c/x.csv'], ['/b/x.csv']],
  ])('%s', (pattern, folder, fitting, others) => {
    expect(folderOfPattern(pattern)).toBe(folder);
    expect(fitting.every((name) => patternToRegExp(pattern).test(name))).toBe(true);
    expect(others.some((name) => patternToRegExp(pattern).test(name))).toBe(false);
  });
});
