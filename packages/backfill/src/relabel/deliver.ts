import { contentsOf } from '@labelstream/shared/archive/records';
import { cacheKeys } from '@labelstream/shared/events/keys';
import type { EncodedListing } from '@labelstream/shared/events/records';
import type { TopicNames } from '@labelstream/shared/events/topics';
import type { RecordProducer } from '@labelstream/shared/ports/broker';
import type { Codecs } from '@labelstream/shared/ports/codec';
import type { KeyValueEntry, KeyValueStore } from '@labelstream/shared/ports/key-value';
import type { OutRecord } from '@labelstream/shared/stream/outcome';
import { createSendBack } from '@labelstream/shared/stream/send-back';
import { nameOf, type Tokens } from './token-source.js';

export interface DeliverDeps {
  readonly cache: Pick<KeyValueStore, 'setMany'>;
  readonly producer: Pick<RecordProducer, 'send'>;
  readonly codecs: Pick<Codecs, 'encoded' | 'productEvent'>;
  readonly topics: TopicNames;
  /** How long token sequences wait for the head. */
  readonly tokenTtlMs: number;
  readonly now: () => number;
}

/** What became of the listings of a batch. */
export interface Delivered {
  readonly relabelled: number;
  /** Their tokens are not in the archive: they go the whole way. */
  readonly sentBack: number;
}

/** Hands listings on to the head, their token sequences first. One whose tokens are missing is prepared and encoded anew. */
export type Deliver = (listings: readonly EncodedListing[], tokens: Tokens) => Promise<Delivered>;

export function createDeliver({ cache, producer, codecs, topics, tokenTtlMs, now }: DeliverDeps): Deliver {
  const sendBack = createSendBack({ topics, codec: codecs.productEvent, limit: 1 });

  function back(record: EncodedListing): readonly OutRecord[] {
    const outcome = sendBack(record, { attempt: 0, revision: 0, requeue: 0 }, 'the archived token sequences');
    return outcome.kind === 'emit' ? outcome.records : [];
  }

  return async (listings, tokens) => {
    const entries = new Map<string, KeyValueEntry>();
    const records: OutRecord[] = [];
    let sentBack = 0;
    const receivedAt = now();
    for (const listing of listings) {
      const record: EncodedListing = { ...listing, lane: 'backfill', receivedAt };
      const own = entriesOf(record, tokens, tokenTtlMs);
      if (own === undefined) {
        sentBack += 1;
        records.push(...back(record));
        continue;
      }
      for (const entry of own) entries.set(entry.key, entry);
      records.push({ topic: topics.of('encoded', 'backfill'), key: record.productId, value: codecs.encoded.encode(record) });
    }
    if (entries.size > 0) await cache.setMany([...entries.values()]);
    await producer.send(records);
    return { relabelled: listings.length - sentBack, sentBack };
  };
}

/** What a listing's head needs in the cache; undefined where a sequence is missing. */
function entriesOf(record: EncodedListing, tokens: Tokens, ttlMs: number): KeyValueEntry[] | undefined {
  const entries: KeyValueEntry[] = [];
  for (const content of contentsOf(record)) {
    const value = tokens.get(nameOf(content));
    if (value === undefined) return undefined;
    const keyOf = content.modality === 'image' ? cacheKeys.imageTokens : cacheKeys.textTokens;
    entries.push({ key: keyOf(record.encoderId, content.sha256), value, ttlMs });
  }
  return entries;
}
