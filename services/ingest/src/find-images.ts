import { createHash } from 'node:crypto';
import { type ErrorCode, isLabelstreamError, LabelstreamError } from '@labelstream/shared/errors';
import type { ImageRef } from '@labelstream/shared/events/product-event';
import type { ImageCandidate, ModalityRef } from '@labelstream/shared/events/records';
import { describeUri } from '@labelstream/shared/image/describe-uri';
import type { ImageSource } from '@labelstream/shared/ports/image-source';
import type { Arrival } from './arrival.js';
import { createGate, settleAll } from './limit.js';
import type { IngestMetrics } from './metrics.js';
import type { PixelStore } from './pixel-store.js';
import type { Preparation } from './preparation.js';

/** What became of a listing's images. PENDING: none can be had now, but one may come later. */
export interface FoundImage {
  /** The first that can be had. */
  readonly ref: ModalityRef;
  /** Its position, from 0, among the images of the listing; absent unless it is USED. */
  readonly index?: number;
  /** Further ones that can be had, in order, each content once. */
  readonly candidates: readonly ImageCandidate[];
  /** Why it is PENDING or FAILED, for operators. */
  readonly detail?: string;
  /** While it is PENDING, where it is known: asked earlier, its host would not be asked at all. */
  readonly retryAfterMs?: number;
}

/** A listing whose images are wanted. */
export interface ImageSearch {
  readonly arrival: Arrival;
  /** Whether there is a text to compare several images with; otherwise one is enough. */
  readonly hasText: boolean;
}

export interface FindImagesDeps {
  readonly source: ImageSource;
  /** The same places for the further images of a listing that has one: whoever is slow here must not count as slow there. */
  readonly furtherSource: ImageSource;
  readonly pixels: PixelStore;
  readonly decode: Preparation['pixels'];
  readonly metrics: IngestMetrics;
  /** Listings whose images are fetched at the same time. */
  readonly fetchConcurrency: number;
  /** Images of a listing that are tried, and that are prepared. */
  readonly maxTried: number;
  readonly maxImages: number;
  /** For all images of a listing together, at the first pass: a listing does not wait for a slow image. */
  readonly patienceMs: number;
  /** For all further images together, once there is one. */
  readonly furtherPatienceMs: number;
  /** As `patienceMs`, at later passes, when its text-only labels are out already. */
  readonly timeoutMs: number;
}

/** Failures of the image itself; anything else that is thrown is not the listing's fault. */
const isImageError = (error: unknown): error is LabelstreamError => isLabelstreamError(error) && error.code.startsWith('IMAGE_');

/** Finds the images of each listing that can be had, and leaves their pixels in the cache. Throws CACHE_UNAVAILABLE. */
export function createFindImages(deps: FindImagesDeps): (wanted: readonly ImageSearch[]) => Promise<ReadonlyMap<Arrival, FoundImage>> {
  const gate = createGate(deps.fetchConcurrency);
  return async (wanted) => {
    const announced = wanted.flatMap(({ arrival }) => arrival.head.listing.images.flatMap(({ sha256 }) => sha256 ?? []));
    const known = await deps.pixels.known(announced);
    const search = async (one: ImageSearch) => [one.arrival, await gate.run(() => findImages(one, known, deps))] as const;
    return new Map(await settleAll(wanted.map(search)));
  };
}

type Known = ReadonlySet<string>;

async function findImages({ arrival, hasText }: ImageSearch, known: Known, deps: FindImagesDeps): Promise<FoundImage> {
  const { head, pass } = arrival;
  const signal = AbortSignal.timeout(pass.attempt === 0 ? deps.patienceMs : deps.timeoutMs);
  const images = head.listing.images.slice(0, deps.maxTried);
  const first = await findFirst(images, known, signal, deps);
  if (!('sha256' in first)) return { ...first, candidates: [] };
  const candidates = hasText ? await findFurther(first, images, known, signal, deps) : [];
  return { ref: { state: 'USED', sha256: first.sha256 }, index: first.index, candidates };
}

type Failed = Pick<FoundImage, 'ref' | 'detail' | 'retryAfterMs'>;

async function findFirst(
  images: readonly ImageRef[],
  known: Known,
  signal: AbortSignal,
  deps: FindImagesDeps,
): Promise<ImageCandidate | Failed> {
  const failures: LabelstreamError[] = [];
  for (const [index, ref] of images.entries()) {
    try {
      return { index, sha256: await claim(ref, known, { ...deps, signal }) };
    } catch (error) {
      if (!isImageError(error)) throw error;
      failures.push(error);
    }
  }
  return failed(failures);
}

/** One after the other, so that a listing never holds more than one image file; those that fail are passed over. */
async function findFurther(first: ImageCandidate, images: readonly ImageRef[], known: Known, patience: AbortSignal, deps: FindImagesDeps) {
  const signal = AbortSignal.any([patience, AbortSignal.timeout(deps.furtherPatienceMs)]);
  const found = new Map([[first.sha256, first.index]]);
  for (const [index, ref] of images.entries()) {
    if (found.size >= deps.maxImages) break;
    if (index <= first.index) continue;
    const sha256 = await claim(ref, known, { ...deps, source: deps.furtherSource, signal }).catch(orPassOver);
    if (sha256 !== undefined && !found.has(sha256)) found.set(sha256, index);
  }
  return [...found].slice(1).map(([sha256, index]): ImageCandidate => ({ index, sha256 }));
}

function orPassOver(error: unknown): undefined {
  if (!isImageError(error)) throw error;
}

/** Several may fail for different reasons; one that may still come says more than one that never will. */
function failed(failures: readonly LabelstreamError[]): Failed {
  const told = failures.find(({ retriable }) => retriable) ?? failures[0];
  if (told === undefined) return { ref: { state: 'MISSING' } };
  const { code, message: detail, retriable, retryAfterMs } = told;
  const ref: ModalityRef = { state: retriable ? 'PENDING' : 'FAILED', reason: code };
  return { ref, detail, ...(retriable && retryAfterMs !== undefined ? { retryAfterMs } : {}) };
}

type ClaimDeps = Pick<FindImagesDeps, 'source' | 'pixels' | 'metrics' | 'decode'> & { readonly signal: AbortSignal };

/** The SHA-256 of an image whose claim check lies in the cache now. */
async function claim(ref: ImageRef, known: Known, deps: ClaimDeps): Promise<string> {
  const { source, signal, pixels, metrics, decode } = deps;
  if (ref.sha256 !== undefined && known.has(ref.sha256)) {
    metrics.cached('announced');
    return ref.sha256;
  }
  const bytes = await metrics.timeFetch(ref.uri, () => source.fetch(ref, signal));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (ref.sha256 !== undefined && ref.sha256 !== sha256) throw mismatch(ref, sha256);
  if ((await pixels.known([sha256])).has(sha256)) {
    metrics.cached('fetched');
    return sha256;
  }
  metrics.cached('no');
  await pixels.save(sha256, await metrics.timeDecode(() => decode(bytes)));
  return sha256;
}

function mismatch({ uri }: ImageRef, sha256: string): LabelstreamError {
  const code: ErrorCode = 'IMAGE_HASH_MISMATCH';
  return new LabelstreamError(code, `${describeUri(uri)} has the SHA-256 ${sha256}`);
}
