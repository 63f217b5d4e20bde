import type { Archiver } from '@labelstream/shared/archive/archiver';
import type { Modality } from '@labelstream/shared/archive/records';
import type { EncoderModel } from '@labelstream/shared/model/encoder-model';
import type { KeyValueEntry, KeyValueStore } from '@labelstream/shared/ports/key-value';
import type { EncoderMetrics } from './metrics.js';
import { sha256Of, type Work, withoutKnown } from './work.js';

export interface EncodeDeps {
  readonly model: Pick<EncoderModel, 'encodeImages' | 'encodeTexts' | 'fitsImage'>;
  readonly cache: Pick<KeyValueStore, 'existMany' | 'getMany' | 'setMany' | 'deleteMany'>;
  readonly tokenTtlMs: number;
  readonly metrics: EncoderMetrics;
  /** Absent where it is switched off. */
  readonly archive?: Pick<Archiver, 'sequence'>;
}

/**
 * Computes the token sequences that the cache does not have and stores them. Returns the image keys whose pixels are not there any more.
 * Several calls may be under way: while one waits for the graphs, the next looks up what it needs.
 */
export async function encodeWork(work: Work, { model, cache, tokenTtlMs, metrics, archive }: EncodeDeps): Promise<ReadonlySet<string>> {
  const rest = withoutKnown(work, await findKnown(work, cache));
  const texts = model.encodeTexts([...rest.tokenIds.values()]);
  // A failure while the pixels are fetched must not leave this one unheard.
  texts.catch(() => {});
  const { found, vanished } = await fetchPixels(rest.pixelKeys, { model, cache });
  const [images, stored] = await Promise.all([model.encodeImages([...found.values()]), texts]);
  const computed = { image: pair(found, images), text: pair(rest.tokenIds, stored) };
  const entries = [...computed.image, ...computed.text].map(([key, value]): KeyValueEntry => ({ key, value, ttlMs: tokenTtlMs }));
  if (entries.length > 0) await cache.setMany(entries);
  if (archive !== undefined) archiveAll(computed, archive);
  count(work, rest, metrics);
  return vanished;
}

async function findKnown({ pixelKeys, tokenIds }: Work, cache: EncodeDeps['cache']): Promise<ReadonlySet<string>> {
  const keys = [...pixelKeys.keys(), ...tokenIds.keys()];
  if (keys.length === 0) return new Set();
  const exist = await cache.existMany(keys);
  return new Set(keys.filter((_, at) => exist[at]));
}

/** Pixels by token key. Pixels of another size than the graph takes are removed, so that ingest makes them anew. */
async function fetchPixels(pixelKeys: Work['pixelKeys'], { model, cache }: Pick<EncodeDeps, 'model' | 'cache'>) {
  const found = new Map<string, Uint8Array>();
  const vanished = new Set<string>();
  const damaged: string[] = [];
  const values = pixelKeys.size === 0 ? [] : await cache.getMany([...pixelKeys.values()]);
  [...pixelKeys].forEach(([key, pixelKey], at) => {
    const pixels = values[at] ?? null;
    if (pixels !== null && model.fitsImage(pixels)) {
      found.set(key, pixels);
      return;
    }
    vanished.add(key);
    if (pixels !== null) damaged.push(pixelKey);
  });
  if (damaged.length > 0) await cache.deleteMany(damaged);
  return { found, vanished };
}

function pair<T>(inputs: ReadonlyMap<string, T>, outputs: readonly Uint8Array[]): [string, Uint8Array][] {
  return [...inputs.keys()].flatMap((key, at): [string, Uint8Array][] => {
    const value = outputs[at];
    return value === undefined ? [] : [[key, value]];
  });
}

function archiveAll(computed: Readonly<Record<Modality, readonly [string, Uint8Array][]>>, archive: Pick<Archiver, 'sequence'>): void {
  for (const modality of ['image', 'text'] as const) {
    for (const [key, value] of computed[modality]) archive.sequence({ modality, sha256: sha256Of(key), value });
  }
}

function count(work: Work, rest: Work, metrics: EncoderMetrics): void {
  for (const [modality, map, left] of [
    ['image', work.pixelKeys, rest.pixelKeys],
    ['text', work.tokenIds, rest.tokenIds],
  ] as const) {
    metrics.contents(modality, { cached: map.size - left.size, repeated: work.mentions[modality] - map.size, computed: left.size });
  }
}
