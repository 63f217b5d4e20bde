import { resolve } from 'node:path';
import { isBackfillName } from '@labelstream/backfill/job/backfill';
import { relabelSpecSchema } from '@labelstream/backfill/relabel/spec';
import { listingsSpecSchema } from '@labelstream/backfill/source/spec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertFlagsFit, listingsSpec, nameOf, parseSince, relabelSpec, type StartFlags } from '../../src/backfill/flags.js';

const flags = (over: Partial<StartFlags>): StartFlags => ({ from: 'listings', priority: 50, maxErrors: 100, ...over });

describe('the flags of backfill start', () => {
  it('make a specification that does not depend on where the command runs', () => {
    const spec = listingsSpec(
      flags({
        source: ['a.csv', 's3://b/c/'],
        images: 'pictures',
        map: ['id=sku', 'title=name=x'],
        where: 'split=val',
        limit: 5,
        format: 'csv',
      }),
      7,
    );
    expect(spec).toEqual({
      sources: [resolve('a.csv'), 's3://b/c/'],
      format: 'csv',
      images: resolve('pictures'),
      columns: { productId: 'sku', title: 'name=x' },
      where: { column: 'split', value: 'val' },
      limit: 5,
      fallbackVersion: 7,
      occurredAt: 7,
    });
    expect(listingsSpecSchema.safeParse(spec).success).toBe(true);
  });

  it('are refused where they say nothing that can be understood', () => {
    const usage = (message: RegExp) => expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(message) });
    expect(() => listingsSpec(flags({}), 7)).toThrow(usage(/add --source/));
    for (const text of ['title', '=x', 'title='])
      expect(() => listingsSpec(flags({ source: ['a'], map: [text] }), 7)).toThrow(usage(/field=column/));
    expect(() => listingsSpec(flags({ source: ['a'], map: ['colour=x'] }), 7)).toThrow(usage(/"colour" is none/));
    expect(() => parseSince('yesterday')).toThrow(usage(/--since/));
    expect(() => assertFlagsFit(flags({ from: 'topic', source: ['a'] }))).toThrow(usage(/--source cannot be given with --from topic/));
    expect(() => assertFlagsFit(flags({ topic: 't' }))).toThrow(usage(/--topic/));
    expect(() => nameOf(flags({ name: 'a b' }), new Date(0))).toThrow(usage(/--name/));
    expect(() => relabelSpec(flags({ from: 'tokens' }), undefined, 7)).toThrow(usage(/TOKEN_ARCHIVE/));
  });

  it('take the archive of the encoder where none is named', () => {
    const spec = relabelSpec(flags({ from: 'tokens', fusion: 'models/next' }), 's3://archive/tokens', 7);
    expect(spec).toEqual({ archive: 's3://archive/tokens', fusion: resolve('models/next'), untilMs: 7 });
    expect(relabelSpecSchema.safeParse(spec).success).toBe(true);
    // What is typed is meant from here; the setting is the same text for every process.
    expect(relabelSpec(flags({ from: 'tokens', source: ['tokens'] }), 's3://archive', 7).archive).toBe(resolve('tokens'));
    expect(relabelSpec(flags({ from: 'tokens' }), 'tokens', 7).archive).toBe('tokens');
  });

  it('make a name of any source', () => {
    expect(nameOf(flags({ source: ['s3://shop/export/catalogue.csv'] }), new Date('2026-01-31T12:34:56Z'))).toBe(
      'catalogue.csv-20260131-123456',
    );
    expect(nameOf(flags({ name: 'mine' }), new Date(0))).toBe('mine');
    fc.assert(
      fc.property(fc.string(), (source) => {
        expect(isBackfillName(nameOf(flags({ source: [source] }), new Date(0)))).toBe(true);
      }),
    );
  });
});
