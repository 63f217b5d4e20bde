import type { ProductEvent } from '@labelstream/shared/events/product-event';
import type { PreparedListing } from '@labelstream/shared/events/records';
import type { InMessage } from '@labelstream/shared/ports/broker';
import { createMemoryContext } from '@labelstream/shared/service/memory-context';
import type { RunningStage, ServiceContext } from '@labelstream/shared/service/service';
import type { Outcome } from '@labelstream/shared/stream/outcome';
import { pino } from 'pino';
import { ingestService } from '../src/index.js';

/** An encoder bundle of 6 x 8 pixels and 12 tokens. */
export const ENCODER_BUNDLE = 'packages/shared/test/fixtures/bundles/encoder';
export const PIXEL_BYTES = 8 * 6 * 3;

/** Ingest over in-memory adapters. */
export interface Ingest extends RunningStage {
  readonly context: ServiceContext;
  /** Outcomes of one micro-batch. */
  process(...messages: InMessage[]): Promise<readonly Outcome[]>;
  /** The outcome of a batch of one. */
  pass(message: InMessage): Promise<Outcome>;
  /** The record that an outcome emits; fails on any other outcome. */
  prepared(outcome: Outcome | undefined): Promise<PreparedListing>;
}

export async function openIngest(env: Readonly<Record<string, string>> = {}, given: Partial<ServiceContext> = {}): Promise<Ingest> {
  const context = { ...(await createMemoryContext({ log: pino({ level: 'silent' }) })), ...given };
  await context.broker.ensureTopics(context.topics.all(), { partitions: 1 });
  const running = await ingestService.create(context, { ENCODER_BUNDLE, ...env });
  const process = (...messages: InMessage[]) => running.stage.process(messages);
  return {
    ...running,
    context,
    process,
    async pass(message) {
      const [outcome] = await process(message);
      if (outcome === undefined) throw new Error('no outcome');
      return outcome;
    },
    async prepared(outcome) {
      if (outcome?.kind !== 'emit') throw new Error(`no record: ${JSON.stringify(outcome)}`);
      return context.codecs.prepared.decode(outcome.records[0]!.value!);
    },
  };
}

/** A listing's event; `changes` override it. */
export function event(changes: Partial<ProductEvent> = {}): ProductEvent {
  return {
    productId: 'p-1',
    version: 1,
    op: 'UPSERT',
    title: 'abc',
    attributes: {},
    images: [],
    occurredAt: 1_700_000_000_000,
    ...changes,
  };
}

/** A message of the live lane with an event as JSON, or with bytes as they are. */
export function message(value: ProductEvent | Uint8Array | null, changes: Partial<InMessage> = {}): InMessage {
  return {
    topic: 'product.events',
    partition: 0,
    lane: 'live',
    offset: 0,
    key: 'p-1',
    value: value === null || value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value)),
    headers: {},
    timestampMs: 1_700_000_000_500,
    generation: 1,
    ...changes,
  };
}

export const dataUri = (bytes: Uint8Array, type = 'image/png') => `data:${type};base64,${Buffer.from(bytes).toString('base64')}`;
