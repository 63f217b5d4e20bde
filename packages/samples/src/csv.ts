import type { SampleListing } from './listing.js';
import { hashText } from './random.js';

/** How listings stand in `products.csv`. */
export interface TrainingTable<T extends SampleListing = SampleListing> {
  readonly header: string;
  /** Columns that are labels, written to `tasks.json`; absent: those of the public fashion catalogue, which the training knows. */
  readonly tasks?: readonly string[];
  /** One row without its line end. */
  row(listing: T): string;
}

/** Columns of the public fashion catalogue's table as the training reads it; an empty field means "not labelled". */
export const CSV_HEADER = 'id,title,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,split';

/** One title in this many goes to validation. */
const VALIDATION_EVERY = 10;

/** The side of the split a title is on: by the title, so that listings that share it never straddle the two. */
export function splitOf(title: string, validationEvery = VALIDATION_EVERY): 'train' | 'val' {
  return hashText(title.toLowerCase()) % validationEvery === 0 ? 'val' : 'train';
}

function quoted(field: string): string {
  return /[",\n\r]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

/** Fields as a row without its line end. */
export const tableRow = (fields: readonly string[]): string => fields.map(quoted).join(',');

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
  return tableRow(fields);
}

/** The sample catalogue, in the columns of the public one. */
export const CATALOGUE_TABLE: TrainingTable = { header: CSV_HEADER, row: csvRow };
