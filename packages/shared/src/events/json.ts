import { describeError, LabelstreamError } from '../errors.js';

/** The value of JSON bytes: UTF-8, with or without a byte order mark. Throws EVENT_NOT_DECODABLE. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new LabelstreamError('EVENT_NOT_DECODABLE', `the message is neither Avro nor JSON: ${describeError(error)}`, { cause: error });
  }
}

function finite(key: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isFinite(value)) return value;
  throw new LabelstreamError('EVENT_INVALID', `${key} is ${value}, which JSON cannot carry`);
}

/** A value as JSON bytes, UTF-8. Throws EVENT_INVALID for a number that is not finite, which would silently become null. */
export function toJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value, finite));
}
