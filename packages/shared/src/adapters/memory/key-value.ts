import { type ErrorCode, LabelstreamError } from '../../errors.js';
import type { Claim, KeyValueStore } from '../../ports/key-value.js';
import { claimGone, fenced } from '../common/claims.js';

/** Writes after which entries past their time are looked for, so that a long run does not keep what nobody asks for again. */
const SWEEP_EVERY_WRITES = 1000;

interface Stored {
  readonly value: Uint8Array;
  readonly expiresAtMs: number;
}

/** Redis' role here in the memory of one process: bytes by key with time to live. Nothing is durable. */
export function createMemoryKeyValueStore({ role = 'cache' }: { readonly role?: 'cache' | 'state' } = {}): KeyValueStore {
  const unavailable: ErrorCode = role === 'cache' ? 'CACHE_UNAVAILABLE' : 'STATE_UNAVAILABLE';
  const entries = new Map<string, Stored>();
  let writes = 0;
  let closed = false;

  function assertOpen(): void {
    if (closed) throw new LabelstreamError(unavailable, 'the in-memory store is closed');
  }

  function find(key: string): Stored | undefined {
    const stored = entries.get(key);
    if (stored === undefined || stored.expiresAtMs > Date.now()) return stored;
    entries.delete(key);
    return undefined;
  }

  function epochAt({ key }: Claim): number | null {
    const stored = find(key);
    return stored === undefined ? null : Number(new TextDecoder().decode(stored.value));
  }

  function assertClaimed(claim: Claim): void {
    const epoch = epochAt(claim);
    if (epoch !== null && epoch > claim.epoch) throw fenced(claim);
    if (epoch !== claim.epoch) throw claimGone(claim, unavailable);
  }

  function sweep(): void {
    writes = 0;
    for (const key of [...entries.keys()]) find(key);
  }

  return {
    async getMany(keys) {
      assertOpen();
      return keys.map((key) => {
        const stored = find(key);
        return stored === undefined ? null : Uint8Array.from(stored.value);
      });
    },
    async setMany(items, claim) {
      assertOpen();
      if (claim !== undefined && items.length > 0) assertClaimed(claim);
      for (const { key, value, ttlMs } of items) {
        entries.set(key, {
          value: Uint8Array.from(value),
          expiresAtMs: ttlMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + ttlMs,
        });
      }
      writes += items.length;
      if (writes >= SWEEP_EVERY_WRITES) sweep();
    },
    async claim(claim) {
      assertOpen();
      if ((epochAt(claim) ?? 0) > claim.epoch) throw fenced(claim);
      entries.set(claim.key, { value: new TextEncoder().encode(String(claim.epoch)), expiresAtMs: Number.POSITIVE_INFINITY });
    },
    async deleteMany(keys) {
      assertOpen();
      for (const key of keys) entries.delete(key);
    },
    async existMany(keys) {
      assertOpen();
      return keys.map((key) => find(key) !== undefined);
    },
    async memory() {
      assertOpen();
      return null;
    },
    async ping() {
      assertOpen();
    },
    async close() {
      closed = true;
      entries.clear();
    },
  };
}
