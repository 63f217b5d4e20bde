import { LabelstreamError } from '../errors.js';
import type { ImageRef, ProductEvent, ProductOp } from './product-event.js';

/** Bounds of an event; what is beyond them is refused, not cut. The sizes of texts and images are limits of ingest's configuration. */
export const EVENT_LIMITS = {
  productIdBytes: 512,
  attributes: 1024,
  attributeNameBytes: 1024,
  images: 256,
  localeBytes: 128,
  /** The largest integer that both JavaScript and its Avro encoding hold exactly. */
  version: Number.MAX_SAFE_INTEGER - 1,
  /** The last instant that JavaScript dates know. */
  occurredAtMs: 8.64e15,
} as const;

type Fields = Readonly<Record<string, unknown>>;

/** Characters that end a line in a log, a header or a terminal. Others that cannot be seen are part of an id like any letter. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u;
const LONE_SURROGATE = /\p{Surrogate}/gu;
const SHA256 = /^[0-9a-f]{64}$/i;
/** RFC 3339 with an offset, or a date alone (UTC): without an offset the instant would depend on the machine. */
const INSTANT = /^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:\d{2}))?$/;

const invalid = (message: string) => new LabelstreamError('EVENT_INVALID', message);

function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'string') return `the text ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
  return typeof value === 'boolean' ? String(value) : 'an object';
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const sizeBytes = (text: string) => Buffer.byteLength(text, 'utf8');

/** Text that UTF-8 can carry: half a surrogate pair becomes U+FFFD here, as it would in the next encoding. */
function text(value: unknown, field: string): string {
  if (typeof value !== 'string') throw invalid(`${field} must be text, it is ${describe(value)}`);
  return value.replace(LONE_SURROGATE, '\uFFFD');
}

function optionalText(value: unknown, field: string): string | undefined {
  return value === undefined || value === null ? undefined : text(value, field);
}

function productIdOf(value: unknown): string {
  if (value === undefined || value === null) throw new LabelstreamError('EVENT_NO_PRODUCT_ID', 'productId is missing');
  if (typeof value !== 'string') throw invalid(`productId must be text, it is ${describe(value)}`);
  if (value.trim() === '') throw new LabelstreamError('EVENT_NO_PRODUCT_ID', 'productId is empty');
  if (sizeBytes(value) > EVENT_LIMITS.productIdBytes) throw invalid(`productId has more than ${EVENT_LIMITS.productIdBytes} bytes`);
  if (CONTROL.test(value)) throw invalid('productId has control characters or line separators');
  // Two broken ids would become the same id, so they are refused rather than repaired.
  if (value.search(LONE_SURROGATE) >= 0) throw invalid('productId has half a surrogate pair');
  return value;
}

function opOf(value: unknown): ProductOp {
  if (value === 'UPSERT' || value === 'DELETE') return value;
  if (value === undefined || value === null) throw invalid('op is missing; it is UPSERT or DELETE');
  throw new LabelstreamError('EVENT_UNKNOWN_OP', `op must be UPSERT or DELETE, it is ${describe(value)}`);
}

function wholeNumber(value: unknown, field: string, largest: number): number {
  if (typeof value !== 'number') throw invalid(`${field} must be a whole number, it is ${describe(value)}`);
  if (!Number.isInteger(value)) throw invalid(`${field} must be a whole number, it is ${value}`);
  if (value < 0 || value > largest) throw invalid(`${field} must be between 0 and ${largest}, it is ${value}`);
  // Minus zero is zero.
  return value + 0;
}

function occurredAtOf(value: unknown): number {
  if (value === undefined || value === null) return 0;
  if (typeof value === 'number') return wholeNumber(value, 'occurredAt', EVENT_LIMITS.occurredAtMs);
  const instant = typeof value === 'string' && INSTANT.test(value) ? Date.parse(value.replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(instant)) {
    throw invalid(`occurredAt must be epoch milliseconds or an ISO 8601 time with its offset, it is ${describe(value)}`);
  }
  return wholeNumber(instant, 'occurredAt', EVENT_LIMITS.occurredAtMs);
}

function attributesOf(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (!isFields(value)) throw invalid(`attributes must be an object of texts, it is ${describe(value)}`);
  const names = Object.keys(value);
  if (names.length > EVENT_LIMITS.attributes) throw invalid(`attributes has more than ${EVENT_LIMITS.attributes} entries`);
  const attributes: Record<string, string> = {};
  for (const name of names) {
    if (sizeBytes(name) > EVENT_LIMITS.attributeNameBytes) {
      throw invalid(`attributes has a name of more than ${EVENT_LIMITS.attributeNameBytes} bytes`);
    }
    // A name no listing needs, and which would set the prototype instead of an entry.
    if (name !== '__proto__') attributes[text(name, 'attributes')] = text(value[name], `attributes[${JSON.stringify(name)}]`);
  }
  return attributes;
}

function imageOf(value: unknown, field: string): ImageRef {
  if (!isFields(value)) throw invalid(`${field} must be an object with a uri, it is ${describe(value)}`);
  const uri = text(value.uri, `${field}.uri`);
  const sha256 = optionalText(value.sha256, `${field}.sha256`);
  if (sha256 === undefined) return { uri };
  if (!SHA256.test(sha256)) throw invalid(`${field}.sha256 must be 64 hex digits, it is ${describe(sha256)}`);
  return { uri, sha256: sha256.toLowerCase() };
}

function imagesOf(value: unknown): readonly ImageRef[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(`images must be a list, it is ${describe(value)}`);
  if (value.length > EVENT_LIMITS.images) throw invalid(`images has more than ${EVENT_LIMITS.images} entries`);
  return value.map((image, index) => imageOf(image, `images[${index}]`));
}

function localeOf(value: unknown): string | undefined {
  const locale = optionalText(value, 'locale');
  if (locale !== undefined && sizeBytes(locale) > EVENT_LIMITS.localeBytes) {
    throw invalid(`locale has more than ${EVENT_LIMITS.localeBytes} bytes`);
  }
  return locale;
}

/**
 * A decoded event, from Avro or JSON, checked field by field. Fields it does not know are ignored; `null` counts as absent; `attributes`
 * and `images` default to empty, `occurredAt` (milliseconds or ISO 8601) to 0, "unknown". Throws EVENT_NO_PRODUCT_ID, EVENT_UNKNOWN_OP, or
 * EVENT_INVALID with the field's name.
 */
export function validateProductEvent(value: unknown): ProductEvent {
  if (!isFields(value)) throw invalid(`an event must be an object, it is ${describe(value)}`);
  const productId = productIdOf(value.productId);
  const version = wholeNumber(value.version, 'version', EVENT_LIMITS.version);
  const op = opOf(value.op);
  const title = optionalText(value.title, 'title');
  const description = optionalText(value.description, 'description');
  const locale = localeOf(value.locale);
  return {
    productId,
    version,
    op,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    attributes: attributesOf(value.attributes),
    images: imagesOf(value.images),
    ...(locale === undefined ? {} : { locale }),
    occurredAt: occurredAtOf(value.occurredAt),
  };
}
