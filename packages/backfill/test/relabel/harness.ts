import { createMemoryKeyValueStore } from '@labelstream/shared/adapters/memory/key-value';
import { createCodecs } from '@labelstream/shared/events/codecs';
import { topicNames } from '@labelstream/shared/events/topics';
import type { OutRecord } from '@labelstream/shared/stream/outcome';
import { ENCODER_ID, LISTING_CODEC, plainCodec } from '../../../shared/test/archive/fixtures.js';
import type { BackfillRange, OpenBackfill, RangeContext, RowError } from '../../src/kind.js';
import { createRelabelKind } from '../../src/relabel/kind.js';
import { type createArchive, START_MS } from '../archive/build.js';

const codecs = await createCodecs();
export const UNTIL_MS = START_MS + 365 * 24 * 60 * 60 * 1000;

/** The re-label kind over an archive in memory, with all that it sends. */
export function openRelabel(archive: ReturnType<typeof createArchive>, activeEncoder = ENCODER_ID, activeHead?: string) {
  const cache = createMemoryKeyValueStore();
  const sent: OutRecord[] = [];
  const kind = createRelabelKind({
    cache,
    codecs,
    topics: topicNames(),
    tokenTtlMs: 60_000,
    now: () => 77,
    openStore: () => archive.store,
    openProducer: async () => ({ send: async (records) => void sent.push(...records), close: async () => {} }),
    blockCodec: plainCodec,
    listingCodec: LISTING_CODEC,
    activeEncoder: async () => activeEncoder,
    readHead: async (fusion) => ({ id: `head of ${fusion}`, encoderId: fusion }),
    activeHead: async () => activeHead,
  });
  return {
    cache,
    sent,
    kind,
    open: (spec: Record<string, string | number> = {}) =>
      kind.open({ archive: 'anywhere', untilMs: UNTIL_MS, ...spec }, new AbortController().signal),
    encoded: () =>
      Promise.all(sent.filter(({ topic }) => topic === 'listings.encoded.backfill').map(({ value }) => codecs.encoded.decode(value!))),
    events: () =>
      Promise.all(sent.filter(({ topic }) => topic === 'product.events.backfill').map(({ value }) => codecs.productEvent.decode(value!))),
  };
}

/** A context that lets everything through, and remembers what it was told. */
export function createContext(rowsDone = 0, signal: AbortSignal = new AbortController().signal) {
  const admitted: number[] = [];
  const checkpoints: { rowsDone: number; sent: number }[] = [];
  const rowErrors: RowError[] = [];
  const context: RangeContext = {
    rowsDone,
    signal,
    admit: async (count) => void admitted.push(count),
    checkpoint: async (progress) => void checkpoints.push(progress),
    rowError: async (error) => void rowErrors.push(error),
  };
  return { context, admitted, checkpoints, rowErrors };
}

export async function planOf(opened: OpenBackfill): Promise<BackfillRange[]> {
  const ranges: BackfillRange[] = [];
  for await (const range of opened.plan()) ranges.push(range);
  return ranges;
}

/** Runs every range of a backfill. */
export async function runAll(opened: OpenBackfill) {
  const all = createContext();
  for (const range of await planOf(opened)) await opened.run(range, all.context);
  return all;
}
