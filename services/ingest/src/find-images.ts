import { createHash } from 'node:crypto';
import { type ErrorCode, isLabelstreamError, LabelstreamError } from '@labelstream/shared/errors';
import type { ImageRef } from '@labelstream/shared/events/product-event';
import type { ModalityRef } from '@labelstream/shared/events/records';
import { describeUri } from '@labelstream/shared/image/describe-uri';
import type { ImageSource } from '@labelstream/shared/ports/image-source';
import type { Arrival } from './arrival.js';
import { createGate, settleAll } from './limit.js';
import type { IngestMetrics } from './metrics.js';
import type { PixelStore } from './pixel-store.js';
import type { Preparation } from './preparation.js';

/** What became of a listing's images. PENDING: none can be had now, but one may come later. */
export interface FoundImage {
  readonly ref: ModalityRef;
  /** Why it is PENDING or FAILED, for operators. */
  readonly detail?: string;
}

export interface FindImagesDeps {
  readonly source: ImageSource;
  readonly pixels: PixelStore;
  readonly decode: Preparation['pixels'];
  readonly metrics: IngestMetrics;
  /** Listings whose images are fetched at the same time. */
  readonly fetchConcurrency: number;
  /** Images of a listing that are tried. */
  readonly maxImages: number;
  /** For all images of a listing together, at the first pass: a listing does not wait for a slow image. */
  readonly patienceMs: number;
  /** The same at later passes, when its text-only labels are out already. */
  readonly timeoutMs: number;
}

/** Failures of the image itself; anything else that is thrown is not the listing's fault. */
const isImageError = (error: unknown): error is LabelstreamError => isLabelstreamError(error) && error.code.startsWith('IMAGE_');

/** Finds the first image of each listing that can be had, and leaves its pixels in the cache. Throws CACHE_UNAVAILABLE. */
export function createFindImages(deps: FindImagesDeps): (arrivals: readonly Arrival[]) => Promise<ReadonlyMap<Arrival, FoundImage>> {
  const gate = createGate(deps.fetchConcurrency);
  return async (arrivals) => {
    const announced = arrivals.flatMap(({ head }) => head.listing.images.flatMap(({ sha256 }) => sha256 ?? []));
    const known = await deps.pixels.known(announced);
    const search = async (arrival: Arrival) => [arrival, await gate.run(() => findImage(arrival, known, deps))] as const;
    return new Map(await settleAll(arrivals.map(search)));
  };
}

async function findImage({ head, pass }: Arrival, known: ReadonlySet<string>, deps: FindImagesDeps): Promise<FoundImage> {
  const signal = AbortSignal.timeout(pass.attempt === 0 ? deps.patienceMs : deps.timeoutMs);
  const failures: LabelstreamError[] = [];
  for (const ref of head.listing.images.slice(0, deps.maxImages)) {
    try {
      return { ref: { state: 'USED', sha256: await claim(ref, known, signal, deps) } };
    } catch (error) {
      if (!isImageError(error)) throw error;
      failures.push(error);
    }
  }
  return failed(failures);
}

/** Several may fail for different reasons; one that may still come says more than one that never will. */
function failed(failures: readonly LabelstreamError[]): FoundImage {
  const told = failures.find(({ retriable }) => retriable) ?? failures[0];
  if (told === undefined) return { ref: { state: 'MISSING' } };
  return { ref: { state: told.retriable ? 'PENDING' : 'FAILED', reason: told.code }, detail: told.message };
}

/** The SHA-256 of an image whose claim check lies in the cache now. */
async function claim(ref: ImageRef, known: ReadonlySet<string>, signal: AbortSignal, deps: FindImagesDeps): Promise<string> {
  const { pixels, metrics, decode } = deps;
  if (ref.sha256 !== undefined && known.has(ref.sha256)) {
    metrics.cached('announced');
    return ref.sha256;
  }
  const bytes = await metrics.timeFetch(ref.uri, () => deps.source.fetch(ref, signal));
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
