import type { DemoEvent } from './event.js';
import type { DemoKind } from './kinds.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Starts like an Avro single object (C3 01) with the fingerprint of no schema; also no JSON. */
const UNKNOWN_AVRO = Uint8Array.of(0xc3, 0x01, 0x6e, 0x6f, 0x2d, 0x73, 0x63, 0x68, 0x65, 0x6d, 0x02, 0x61);

/** The bytes of an event that is not valid at all, or undefined for a kind whose events are. Two forms a kind, by turns. */
export function invalidBytes(kind: DemoKind, event: DemoEvent, turn: number): Uint8Array | undefined {
  const { productId, ...anonymous } = event;
  switch (kind) {
    case 'notDecodable':
      return turn % 2 === 0 ? UNKNOWN_AVRO : utf8(`<listing id="${productId}"><title>${event.title}</title></listing>`);
    case 'noProductId':
      return utf8(JSON.stringify(turn % 2 === 0 ? anonymous : { ...anonymous, productId: '' }));
    case 'unknownOp':
      return utf8(JSON.stringify({ ...event, op: turn % 2 === 0 ? 'REPLACE' : 'upsert' }));
    default:
      return undefined;
  }
}
