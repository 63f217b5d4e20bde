import { describeError, isLabelstreamError } from '@labelstream/shared/errors';
import { type Pass, readPass } from '@labelstream/shared/events/headers';
import type { RecordHead } from '@labelstream/shared/events/records';
import type { InMessage } from '@labelstream/shared/ports/broker';
import type { Codecs } from '@labelstream/shared/ports/codec';
import { deadLetter, type Outcome } from '@labelstream/shared/stream/outcome';
import { carriedListing } from './text/choose.js';

/** An event that decoded, with all that its records will carry. */
export interface Arrival {
  readonly head: RecordHead;
  readonly pass: Pass;
}

/** What opening a message gives: its event, or the outcome that is already certain. */
export type Opened = { readonly arrival: Arrival } | { readonly outcome: Outcome };

export interface OpenEventDeps {
  readonly codec: Codecs['productEvent'];
  readonly now: () => number;
  readonly maxEventBytes: number;
  readonly maxTextBytes: number;
  /** How often a listing may be sent back because its claim check had vanished. */
  readonly maxRequeues: number;
}

/** Decodes and checks one message; an event at fault becomes a dead letter. Throws SCHEMA_REGISTRY_UNAVAILABLE. */
export async function openEvent(message: InMessage, deps: OpenEventDeps): Promise<Opened> {
  try {
    return await open(message, deps);
  } catch (error) {
    if (isLabelstreamError(error) && !error.retriable) return { outcome: deadLetter(error.code, describeError(error)) };
    throw error;
  }
}

async function open(message: InMessage, { codec, now, maxEventBytes, maxTextBytes, maxRequeues }: OpenEventDeps): Promise<Opened> {
  const bytes = message.value ?? new Uint8Array();
  if (bytes.length > maxEventBytes) {
    return { outcome: deadLetter('EVENT_TOO_LARGE', `${bytes.length} bytes are more than ${maxEventBytes}`) };
  }
  const event = await codec.decode(bytes);
  const pass = readPass(message.headers);
  if (pass.requeue > maxRequeues) return { outcome: deadLetter('REQUEUE_EXHAUSTED', `sent back ${pass.requeue} times`) };
  const { productId, version, op, occurredAt } = event;
  const head = {
    productId,
    version,
    revision: pass.revision,
    op,
    lane: message.lane,
    listing: carriedListing(event, maxTextBytes),
    occurredAt,
    receivedAt: pass.receivedAt ?? now(),
  };
  return { arrival: { head, pass } };
}
