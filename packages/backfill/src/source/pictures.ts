import { createHash } from 'node:crypto';
import { LabelstreamError } from '@labelstream/shared/errors';
import { z } from 'zod';
import type { Json } from '../kind.js';
import { fileType, isHidden } from './file-names.js';
import { imageUri } from './images.js';
import type { Entry, FilePart } from './listing-file.js';
import type { ObjectStore, StoredObject } from './object-store.js';

const PICTURES_IN_A_PART = 2000;

/** Names after `after` up to and with `to`, which were these when it was planned; `first` is the number of the first one, from 1. */
const whereSchema = z.strictObject({
  folder: z.string(),
  after: z.string().optional(),
  to: z.string(),
  first: z.int(),
  digest: z.string(),
});

/** Pictures that are listings by themselves, without a text: their id is their name below the folder, without its ending. */
export interface PictureReader {
  plan(folder: string, signal: AbortSignal): AsyncIterable<FilePart>;
  /** Throws SOURCE_INVALID before anything was given out when the pictures are no longer those that were planned. */
  read(where: Json, options: { readonly signal: AbortSignal }): AsyncIterable<Entry[]>;
}

export function createPictureReader({ store }: { readonly store: ObjectStore }): PictureReader {
  async function* plan(folder: string, signal: AbortSignal): AsyncGenerator<FilePart> {
    let part: StoredObject[] = [];
    let after: string | undefined;
    let first = 1;
    function close(): FilePart {
      const closed = partOf({ folder, after, first, part });
      after = part.at(-1)?.uri;
      first += part.length;
      part = [];
      return closed;
    }
    for await (const object of store.list(folder, { signal })) {
      if (!isWanted(object)) continue;
      part.push(object);
      if (part.length >= PICTURES_IN_A_PART) yield close();
    }
    if (part.length > 0) yield close();
  }

  async function* read(where: Json, { signal }: { readonly signal: AbortSignal }): AsyncGenerator<Entry[]> {
    const { folder, after, to, first, digest } = whereSchema.parse(where);
    const part: StoredObject[] = [];
    for await (const object of store.list(folder, { signal, ...(after === undefined ? {} : { after }) })) {
      if (Buffer.compare(Buffer.from(object.uri), Buffer.from(to)) > 0) break;
      if (isWanted(object)) part.push(object);
    }
    if (digestOf(part) !== digest) {
      throw new LabelstreamError(
        'SOURCE_INVALID',
        `${folder}: pictures were added, changed or removed since the backfill was planned; start it again.`,
      );
    }
    yield part.map(({ uri }, at) => ({ position: first + at, record: recordOf(folder, uri) }));
  }

  return { plan, read };
}

/** Refuses what is no picture rather than pass over it unsaid. */
function isWanted({ uri }: StoredObject): boolean {
  if (isHidden(uri)) return false;
  if (fileType(uri).type === 'picture') return true;
  throw new LabelstreamError('SOURCE_INVALID', `${uri} is no picture, in a folder of pictures; put it elsewhere.`);
}

const recordOf = (folder: string, uri: string) => {
  const name = uri.slice(folder.length);
  return { productId: name.replace(/\.[^./]+$/, ''), image: imageUri(folder, name) };
};

interface OpenPart {
  readonly folder: string;
  readonly after: string | undefined;
  readonly first: number;
  readonly part: readonly StoredObject[];
}

const partOf = ({ folder, after, first, part }: OpenPart): FilePart => ({
  name: `pictures ${first} to ${first + part.length - 1}`,
  rows: part.length,
  where: { folder, to: part.at(-1)?.uri ?? '', first, digest: digestOf(part), ...(after === undefined ? {} : { after }) },
});

function digestOf(part: readonly StoredObject[]): string {
  const hash = createHash('sha256');
  for (const { uri, tag } of part) hash.update(`${uri}\n${tag}\n`);
  return hash.digest('base64url');
}
