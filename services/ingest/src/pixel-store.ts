import { cacheKeys } from '@labelstream/shared/events/keys';
import type { KeyValueStore } from '@labelstream/shared/ports/key-value';

/** Claim checks of images, by the hex SHA-256 of their bytes. Throws CACHE_UNAVAILABLE. */
export interface PixelStore {
  /** Which of the images need neither fetching nor decoding: their pixels, or even their token sequence, are there. */
  known(sha256s: readonly string[]): Promise<ReadonlySet<string>>;
  save(sha256: string, pixels: Uint8Array): Promise<void>;
}

export interface PixelStoreDeps {
  readonly cache: KeyValueStore;
  readonly preprocessId: string;
  readonly encoderId: string;
  readonly ttlMs: number;
}

export function createPixelStore({ cache, preprocessId, encoderId, ttlMs }: PixelStoreDeps): PixelStore {
  return {
    async known(sha256s) {
      const wanted = [...new Set(sha256s)];
      if (wanted.length === 0) return new Set();
      const pixels = wanted.map((sha256) => cacheKeys.pixels(preprocessId, sha256));
      const tokens = wanted.map((sha256) => cacheKeys.imageTokens(encoderId, sha256));
      const found = await cache.existMany([...pixels, ...tokens]);
      return new Set(wanted.filter((_, index) => found[index] === true || found[index + wanted.length] === true));
    },
    async save(sha256, pixels) {
      await cache.setMany([{ key: cacheKeys.pixels(preprocessId, sha256), value: pixels, ttlMs }]);
    },
  };
}
