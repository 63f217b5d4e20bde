/** Products are told apart this finely: a canary of 0.01 percent has one place of these. */
const PLACES = 10_000;

/**
 * Whether a product belongs to a canary of `percent` (0..100) of the products. The same product always has the same answer, whoever asks
 * (FNV-1a over the UTF-8 of its id, mixed so that ids that differ in their last character alone scatter), and a larger percentage only adds
 * products.
 */
export function isInCanary(productId: string, percent: number): boolean {
  return placeOf(productId) < Math.round((percent / 100) * PLACES);
}

function placeOf(productId: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(productId)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % PLACES;
}
