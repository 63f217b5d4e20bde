import type { SampleListing } from './listing.js';
import { hashText } from './random.js';

/** Columns of the public fashion catalogue's table as the training reads it; an empty field means "not labelled". */
export const CSV_HEADER = 'id,title,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,split';

/** One title in this many goes to validation. */
const VALIDATION_EVERY = 10;

/** The side of the split a title is on: by the title, so that listings that share it never straddle the two. */
export function splitOf(title: string): 'train' | 'val' {
  return hashText(title.toLowerCase()) % VALIDATION_EVERY === 0 ? 'val' : 'train';
}

function quoted(field: string): string {
  return /[",\n\r]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

/** One row without its line end; season, year and usage stay empty. */
export function csvRow({ id, title, truth }: SampleListing): string {
  const fields = [
    id,
    title,
    truth.gender,
    truth.masterCategory,
    truth.subCategory,
    truth.articleType,
    truth.baseColour,
    '',
    '',
    '',
    splitOf(title),
  ];
  return fields.map(quoted).join(',');
}
