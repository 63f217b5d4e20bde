import { describe, expect, it } from 'vitest';
import { CSV_HEADER, csvRow, splitOf } from '../src/csv.js';
import { drawListings } from '../src/listing.js';

describe('csvRow', () => {
  const listings = drawListings({ seed: 21, count: 3000 });

  it('has a field for each column, season, year and usage empty', () => {
    const columns = CSV_HEADER.split(',');
    const [first] = listings;
    const fields = csvRow(first!).split(',');
    expect(fields).toHaveLength(columns.length);
    const row = Object.fromEntries(columns.map((column, i) => [column, fields[i]]));
    expect(row).toMatchObject({ id: first!.id, title: first!.title, ...first!.truth, season: '', year: '', usage: '' });
  });

  it('quotes a title with a comma or a quote', () => {
    expect(csvRow({ ...listings[0]!, title: 'Men 12" Belt, Brown' })).toContain(',"Men 12"" Belt, Brown",');
  });

  it('sends about a tenth to validation, the same title always to the same side', () => {
    const val = listings.filter((listing) => splitOf(listing.title) === 'val').length / listings.length;
    expect(val).toBeGreaterThan(0.07);
    expect(val).toBeLessThan(0.13);
    expect(splitOf('Men Black Belt')).toBe(splitOf('men black belt'));
  });
});
