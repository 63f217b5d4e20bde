import { readBlock } from '@labelstream/shared/archive/object-reader';
import type { ContentRef } from '@labelstream/shared/archive/records';
import { isLabelstreamError } from '@labelstream/shared/errors';
import type { ArchiveDeps } from '../archive/view.js';
import type { Place, Snapshot } from './snapshot.js';

/** Values of token sequences by {@link nameOf} of their content. */
export type Tokens = ReadonlyMap<string, Uint8Array>;

export const nameOf = ({ modality, sha256 }: ContentRef): string => `${modality} ${sha256}`;

/** Sequences of other objects than the one that is being read. */
export interface TokenSource {
  /** Those that are there, of the wanted ones. */
  find(contents: readonly ContentRef[]): Promise<Tokens>;
}

/** Blocks that stay in memory: texts that many listings share lie in few of them. */
const KEPT_BLOCKS = 64;
const READ_AT_ONCE = 8;

export function createTokenSource({ view, placeOf }: Snapshot, { store, codec }: ArchiveDeps): TokenSource {
  const kept = new Map<string, Promise<Tokens>>();

  async function read({ object, block }: Place): Promise<Tokens> {
    const viewed = view.objects[object];
    const entry = viewed?.index.blocks[block];
    if (viewed === undefined || entry === undefined) return new Map();
    const bytes = await store.get(viewed.key, { offset: entry.offset, sizeBytes: entry.sizeBytes });
    // Compacted or pruned since.
    if (bytes === undefined) return new Map();
    try {
      return tokensOf(readBlock(bytes, entry, codec));
    } catch (error) {
      if (isLabelstreamError(error, 'ARCHIVE_DAMAGED')) return new Map();
      throw error;
    }
  }

  function block(place: Place): Promise<Tokens> {
    const name = `${place.object} ${place.block}`;
    const tokens = kept.get(name) ?? read(place);
    kept.delete(name);
    kept.set(name, tokens);
    tokens.catch(() => kept.delete(name));
    const [oldest] = kept.keys();
    if (kept.size > KEPT_BLOCKS && oldest !== undefined) kept.delete(oldest);
    return tokens;
  }

  /** The blocks in which the contents lie, each once. */
  function placesOf(contents: readonly ContentRef[]): Place[] {
    const places = new Map<string, Place>();
    for (const content of contents) {
      const place = placeOf(content);
      if (place !== undefined) places.set(`${place.object} ${place.block}`, place);
    }
    return [...places.values()];
  }

  return {
    async find(contents) {
      const found = new Map<string, Uint8Array>();
      const places = placesOf(contents);
      for (let at = 0; at < places.length; at += READ_AT_ONCE) {
        const blocks = await Promise.all(places.slice(at, at + READ_AT_ONCE).map(block));
        pick(blocks, new Set(contents.map(nameOf)), found);
      }
      return found;
    },
  };
}

function pick(blocks: readonly Tokens[], wanted: ReadonlySet<string>, found: Map<string, Uint8Array>): void {
  for (const tokens of blocks) for (const [name, value] of tokens) if (wanted.has(name)) found.set(name, value);
}

function tokensOf(records: ReturnType<typeof readBlock>): Tokens {
  const tokens = new Map<string, Uint8Array>();
  for (const record of records) if (record.kind === 'sequence') tokens.set(nameOf(record), record.value);
  return tokens;
}
