import type { ArchiveIndex } from '@labelstream/shared/archive/index-file';
import { listingRows } from '@labelstream/shared/archive/index-rows';
import { readBlock } from '@labelstream/shared/archive/object-reader';
import { type ArchiveRecord, contentsOf } from '@labelstream/shared/archive/records';
import { describeError, isLabelstreamError } from '@labelstream/shared/errors';
import type { EncodedListing } from '@labelstream/shared/events/records';
import type { Codec } from '@labelstream/shared/ports/codec';
import type { ArchiveDeps, ViewedObject } from '../archive/view.js';
import type { RangeContext } from '../kind.js';
import type { Deliver } from './deliver.js';
import type { Snapshot } from './snapshot.js';
import { nameOf, type TokenSource, type Tokens } from './token-source.js';

export interface RunObjectDeps extends ArchiveDeps {
  readonly snapshot: Snapshot;
  readonly source: TokenSource;
  readonly deliver: Deliver;
  /** Without a schema registry, as it was archived. */
  readonly listingCodec: Pick<Codec<EncodedListing>, 'decode'>;
}

/** Listings handed on at once: with the default bundle, about 7 MB of tokens. */
const BATCH_LISTINGS = 200;

/**
 * Hands on the listings of one object that are the newest of their products, in order. While a batch is on its way to Redis and Kafka, the next
 * one is unpacked. `file` is the whole object, `at` its position in the view.
 */
export async function runObject(file: Uint8Array, object: ViewedObject, at: number, context: RangeContext, deps: RunObjectDeps) {
  const { newest, view } = deps.snapshot;
  const index = await view.load(object);
  const own = new Map<string, Uint8Array>();
  const batcher = createBatcher(own, context, deps);
  let row = 0;

  async function take(record: ArchiveRecord): Promise<void> {
    if (record.kind === 'sequence') {
      own.set(nameOf(record), record.value);
      return;
    }
    const isWanted = row >= context.rowsDone && newest.has(at, row);
    row += 1;
    const listing = isWanted ? await deps.listingCodec.decode(record.value) : undefined;
    await batcher.add(listing?.op === 'UPSERT' ? [listing] : [], row);
  }

  try {
    for (const [block, records] of blocksOf(file, index, deps)) {
      if (records instanceof Error) {
        row += await reportBlock(object, index, block, records, context);
        await batcher.add([], row);
      } else for (const record of records) await take(record);
    }
    await batcher.flush();
  } finally {
    await batcher.settled();
  }
}

/** Collects listings, and hands on a batch while the next one is collected. */
interface Batcher {
  /** `rowsDone`: how far one is with the object when these are handed on. */
  add(listings: readonly EncodedListing[], rowsDone: number): Promise<void>;
  /** Resolves when everything was handed on. */
  flush(): Promise<void>;
  /** Resolves when nothing is under way any more, whether it went well or not. */
  settled(): Promise<void>;
}

function createBatcher(own: Tokens, context: RangeContext, { source, deliver }: RunObjectDeps): Batcher {
  let listings: EncodedListing[] = [];
  let rowsDone = 0;
  let underWay: Promise<void> = Promise.resolve();

  async function send(batch: readonly EncodedListing[], done: number, tokens: Tokens): Promise<void> {
    if (batch.length > 0) await deliver(batch, tokens);
    await context.checkpoint({ rowsDone: done, sent: batch.length });
  }

  async function handOn(): Promise<void> {
    const [batch, done] = [listings, rowsDone];
    listings = [];
    if (done <= context.rowsDone) return;
    const tokens = await gather(batch, own, source);
    await underWay;
    context.signal.throwIfAborted();
    if (batch.length > 0) await context.admit(batch.length);
    underWay = send(batch, done, tokens);
    // Whoever waits for it next is told.
    underWay.catch(() => {});
  }

  return {
    async add(more, done) {
      listings.push(...more);
      rowsDone = done;
      if (listings.length >= BATCH_LISTINGS) await handOn();
    },
    async flush() {
      await handOn();
      await underWay;
    },
    settled: () => underWay.catch(() => {}),
  };
}

/** The tokens of listings: of the object itself, and what lies elsewhere. */
async function gather(listings: readonly EncodedListing[], own: Tokens, source: TokenSource): Promise<Tokens> {
  const contents = listings.flatMap(contentsOf);
  const missing = contents.filter((content) => !own.has(nameOf(content)));
  if (missing.length === 0) return own;
  const elsewhere = await source.find(missing);
  return { get: (name: string) => own.get(name) ?? elsewhere.get(name) } as Tokens;
}

/** The records of each block, or why it cannot be read. */
function* blocksOf(file: Uint8Array, index: ArchiveIndex, { codec }: ArchiveDeps): Generator<[number, Iterable<ArchiveRecord> | Error]> {
  for (const [block, entry] of index.blocks.entries()) {
    try {
      yield [block, [...readBlock(file.subarray(entry.offset, entry.offset + entry.sizeBytes), entry, codec)]];
    } catch (error) {
      if (!isLabelstreamError(error, 'ARCHIVE_DAMAGED')) throw error;
      yield [block, error];
    }
  }
}

/** Listings of a damaged block cannot be sent; what needs its sequences goes the whole way. Returns how many listings it has. */
async function reportBlock(object: ViewedObject, index: ArchiveIndex, block: number, error: Error, context: RangeContext): Promise<number> {
  let rows = 0;
  let first = 0;
  let row = 0;
  for (const listing of listingRows(index.listings)) {
    row += 1;
    if (listing.block !== block) continue;
    rows += 1;
    first ||= row;
  }
  if (rows > 0 && first > context.rowsDone) {
    const message = `${rows} listings cannot be read: ${describeError(error)}`;
    await context.rowError({ origin: object.key, position: first, code: 'ARCHIVE_DAMAGED', message });
  }
  return rows;
}
