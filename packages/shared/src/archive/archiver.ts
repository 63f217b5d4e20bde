import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { EncodedListing } from '../events/records.js';
import type { BlockCodec } from '../ports/block-codec.js';
import type { Codec } from '../ports/codec.js';
import type { ObjectStore } from '../ports/object-store.js';
import { nameObject } from './names.js';
import { createObjectWriter, factsOf, type ObjectWriter } from './object-writer.js';
import { type ArchivedSequence, isHash } from './records.js';
import { createStoringQueue } from './storing-queue.js';

/** What becomes of records that are given to the archive. */
export interface ArchiverMetrics {
  /** `known`: a sequence that this process has archived before. `lost`: the buffer was full, or the process had to end. */
  records(kind: 'sequence' | 'listing', outcome: 'archived' | 'known' | 'lost', count: number): void;
  stored(sizeBytes: number): void;
  failed(): void;
  buffered(sizeBytes: number): void;
}

export interface ArchiverSettings {
  /** An object is finished when it has this size, */
  readonly objectBytes: number;
  /** or its first record is this old. */
  readonly maxAgeMs: number;
  /** Of all that waits to be stored. What comes on top of it is lost to the archive. */
  readonly bufferBytes: number;
  /** Contents that are remembered as archived. */
  readonly remembered: number;
  /** How long storing what waits may take at the end. */
  readonly closeMs: number;
}

export interface ArchiverDeps {
  readonly store: Pick<ObjectStore, 'put'>;
  readonly encoderId: string;
  readonly blockCodec: BlockCodec;
  /** Without a schema registry: whoever reads the archive later may have another one. */
  readonly listingCodec: Pick<Codec<EncodedListing>, 'encode'>;
  readonly settings: ArchiverSettings;
  readonly metrics: ArchiverMetrics;
  readonly log: Logger;
  readonly now: () => number;
}

/**
 * Archives what was encoded, in large objects and apart from the labelling: nothing here waits for the store or throws because of it. What
 * waits is bounded; what does not fit is counted and left out, and a re-label prepares and encodes it anew.
 */
export interface Archiver {
  /** Takes a sequence, unless this process has archived it before. */
  sequence(sequence: ArchivedSequence): void;
  listing(record: EncodedListing): void;
  /** Stores what waits, as far as that succeeds in time. */
  close(): Promise<void>;
}

type Kind = 'sequence' | 'listing';

interface Current {
  readonly writer: ObjectWriter;
  readonly counts: Record<Kind, number>;
  readonly timer: NodeJS.Timeout;
}

export function createArchiver(deps: ArchiverDeps): Archiver {
  const { settings, metrics } = deps;
  const known = createMemory(settings.remembered);
  const queue = createStoringQueue({ ...deps, onStored: metrics.stored, onFailed: metrics.failed });
  let current: Current | undefined;
  let closed = false;

  const bufferedBytes = () => queue.sizeBytes() + (current?.writer.sizeBytes() ?? 0);

  function begin(): Current {
    const firstAtMs = deps.now();
    const name = nameObject(deps.encoderId, firstAtMs, randomBytes(6).toString('hex'));
    const timer = setTimeout(roll, settings.maxAgeMs);
    timer.unref();
    return { writer: createObjectWriter({ name, codec: deps.blockCodec, firstAtMs }), counts: { sequence: 0, listing: 0 }, timer };
  }

  /** Adds a record, unless too much waits already. Returns whether it did. */
  function add(kind: Kind, sizeBytes: number, write: (writer: ObjectWriter) => void): boolean {
    if (closed || bufferedBytes() + sizeBytes > settings.bufferBytes) {
      metrics.records(kind, 'lost', 1);
      return false;
    }
    current ??= begin();
    write(current.writer);
    current.counts[kind] += 1;
    if (current.writer.sizeBytes() >= settings.objectBytes) roll();
    metrics.buffered(bufferedBytes());
    return true;
  }

  /** Finishes the current object and has it stored. */
  function roll(): void {
    if (current === undefined) return;
    const { writer, counts, timer } = current;
    clearTimeout(timer);
    current = undefined;
    void queue.store(writer.finish()).then((isStored) => {
      for (const kind of ['sequence', 'listing'] as const) metrics.records(kind, isStored ? 'archived' : 'lost', counts[kind]);
      metrics.buffered(bufferedBytes());
    });
  }

  return {
    sequence(sequence) {
      const { modality, sha256, value } = sequence;
      const name = `${modality} ${sha256}`;
      if (!isHash(sha256)) metrics.records('sequence', 'lost', 1);
      else if (known.has(name)) metrics.records('sequence', 'known', 1);
      else if (add('sequence', value.length, (writer) => writer.sequence(sequence))) known.add(name);
    },
    listing(record) {
      const value = deps.listingCodec.encode(record);
      add('listing', value.length, (writer) => writer.listing({ productId: record.productId, value }, factsOf(record)));
    },
    async close() {
      closed = true;
      roll();
      await queue.close(settings.closeMs);
    },
  };
}

/** Remembers the newest names, up to a number of them. */
function createMemory(size: number) {
  const names = new Set<string>();
  return {
    has: (name: string) => names.has(name),
    add(name: string) {
      names.add(name);
      if (names.size <= size) return;
      const [oldest] = names;
      if (oldest !== undefined) names.delete(oldest);
    },
  };
}
