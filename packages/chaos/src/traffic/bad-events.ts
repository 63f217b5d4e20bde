import type { Random } from '@labelstream/samples/random';
import type { SentBad } from '../checker/types.js';

const utf8 = (text: string) => new TextEncoder().encode(text);
const json = (value: unknown) => utf8(JSON.stringify(value));

/** The first bytes of an Avro single object, with the fingerprint of no schema. */
const UNKNOWN_AVRO = Uint8Array.of(0xc3, 0x01, 0x63, 0x68, 0x61, 0x6f, 0x73, 0x21, 0x21, 0x21);

interface BadForm {
  readonly code: string;
  /** `id` makes the bytes unique. */
  bytes(id: string): Uint8Array;
}

const FORMS: readonly [BadForm, ...BadForm[]] = [
  { code: 'EVENT_NOT_DECODABLE', bytes: (id) => utf8(`<listing id="${id}"><title>Blue shirt</title></listing>`) },
  { code: 'EVENT_NOT_DECODABLE', bytes: (id) => Uint8Array.from([...UNKNOWN_AVRO, ...utf8(id)]) },
  { code: 'EVENT_NOT_DECODABLE', bytes: (id) => utf8(`{"productId":"${id}","version":1,"op":"UPSERT","title":"broken off he`) },
  { code: 'EVENT_NO_PRODUCT_ID', bytes: (id) => json({ version: 1, op: 'UPSERT', title: `of nobody, ${id}` }) },
  { code: 'EVENT_UNKNOWN_OP', bytes: (id) => json({ productId: id, version: 1, op: 'REPLACE', title: 'Blue shirt' }) },
  { code: 'EVENT_INVALID', bytes: (id) => json({ productId: id, version: -1, op: 'UPSERT', title: 'Blue shirt' }) },
  { code: 'EVENT_INVALID', bytes: (id) => json({ productId: id, version: 1, op: 'UPSERT', title: ['Blue', 'shirt'] }) },
  { code: 'EVENT_EMPTY', bytes: (id) => json({ productId: id, version: 1, op: 'UPSERT' }) },
];

/**
 * A bad event of any kind.
 *
 * @param key a product among whose good events it is to stand
 */
export function drawBadEvent(random: Random, number: number, key: string): SentBad {
  const form = random.pick(FORMS);
  const id = `bad-${number}`;
  return { kind: 'bad', key: random.chance(0.5) ? key : id, bytes: form.bytes(id), code: form.code };
}
