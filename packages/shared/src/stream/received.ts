import { isLabelstreamError, LabelstreamError } from '../errors.js';
import { PASS_HEADERS, type Pass, readPass } from '../events/headers.js';
import type { InMessage } from '../ports/broker.js';
import type { Codec } from '../ports/codec.js';
import { deadLetter, type Outcome } from './outcome.js';

/** A consumed message, decoded. */
export interface Received<T> {
  readonly kind: 'received';
  readonly record: T;
  readonly pass: Pass;
  /** Headers that every record made from this one carries on, so that a later stage can send the listing back. */
  readonly passHeaders: Readonly<Record<string, string>>;
}

/** Decodes a micro-batch; a message that cannot be is a dead letter of its own. Throws what is retriable. */
export function receive<T>(batch: readonly InMessage[], codec: Codec<T>): Promise<(Received<T> | Outcome)[]> {
  return Promise.all(batch.map((message) => receiveOne(message, codec)));
}

/** The decoded messages of a micro-batch. */
export function receivedOf<T>(items: readonly (Received<T> | Outcome)[]): Received<T>[] {
  return items.filter((item) => item.kind === 'received');
}

/** One outcome per message again: `outcomes` of the decoded ones, in their order, among the outcomes that are already known. */
export function weave<T>(items: readonly (Received<T> | Outcome)[], outcomes: readonly Outcome[]): Outcome[] {
  const next = outcomes.values();
  return items.map((item) => (item.kind === 'received' ? (next.next().value as Outcome) : item));
}

async function receiveOne<T>({ value, headers }: InMessage, codec: Codec<T>): Promise<Received<T> | Outcome> {
  try {
    if (value === null) throw new LabelstreamError('EVENT_NOT_DECODABLE', 'the message has no value');
    return { kind: 'received', record: await codec.decode(value), pass: readPass(headers), passHeaders: pickPassHeaders(headers) };
  } catch (error) {
    if (isLabelstreamError(error) && !error.retriable) return deadLetter(error.code, error.message);
    throw error;
  }
}

function pickPassHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.values(PASS_HEADERS).flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));
}
