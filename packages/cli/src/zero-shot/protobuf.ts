/** Writes the protocol buffer wire format, as far as ONNX files need it. */

/** One encoded field. */
export type Field = readonly Uint8Array[];

const VARINT = 0;
const BYTES = 2;
const utf8 = new TextEncoder();

function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

/** An integer or enum field; negative numbers as 64-bit two's complement. */
export const integer = (number: number, value: number | bigint): Field => [varint((number << 3) | VARINT), varint(value)];

/** A field of raw bytes. */
export const bytes = (number: number, value: Uint8Array): Field => [varint((number << 3) | BYTES), varint(value.length), value];

/** A text field, UTF-8. */
export const text = (number: number, value: string): Field => bytes(number, utf8.encode(value));

/** A field that holds a message of its own. */
export const nested = (number: number, fields: readonly Field[]): Field => bytes(number, message(fields));

/** The bytes of a message. */
export function message(fields: readonly Field[]): Uint8Array {
  const parts = fields.flat();
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
