import { readdir, readFile } from 'node:fs/promises';
import { describeError, LabelstreamError } from '../../errors.js';
import { type PublishedSchemas, RECORD_NAMES, type RecordName, type RecordSchemas } from '../../events/schemas.js';

/** The same place from src/ and from dist/. */
const AVRO_FOLDER = new URL('../../../contracts/avro/', import.meta.url);
const HISTORY_FILE = /^(?<record>[A-Za-z]+)\.v(?<version>\d+)\.avsc$/;

async function historyOf(record: RecordName, files: readonly string[], folder: URL): Promise<string[]> {
  const versions = files.flatMap((file) => {
    const match = HISTORY_FILE.exec(file)?.groups;
    return match?.record === record ? [{ file, version: Number(match.version) }] : [];
  });
  versions.sort((a, b) => a.version - b.version);
  return Promise.all(versions.map(({ file }) => readFile(new URL(file, folder), 'utf8')));
}

/**
 * Reads the Avro contracts: the current schema of every record type, and all it ever was. Throws CONFIG_INVALID when a file is missing.
 */
export async function loadSchemas(folder: URL = AVRO_FOLDER): Promise<PublishedSchemas> {
  try {
    const historyFolder = new URL('history/', folder);
    const files = await readdir(historyFolder);
    const entries = RECORD_NAMES.map(async (record): Promise<[RecordName, RecordSchemas]> => {
      const current = await readFile(new URL(`${record}.avsc`, folder), 'utf8');
      return [record, { current, history: await historyOf(record, files, historyFolder) }];
    });
    return Object.fromEntries(await Promise.all(entries)) as unknown as PublishedSchemas;
  } catch (error) {
    throw new LabelstreamError('CONFIG_INVALID', `the Avro contracts cannot be read: ${describeError(error)}`, { cause: error });
  }
}
