/** CRC-64-AVRO of the empty input; also the reversed polynomial (Avro specification, "Schema Fingerprints"). */
const EMPTY = 0xc15d213aa4d7a795n;

const TABLE: readonly bigint[] = Array.from({ length: 256 }, (_, byte) => {
  let remainder = BigInt(byte);
  for (let bit = 0; bit < 8; bit += 1) remainder = (remainder >> 1n) ^ (remainder & 1n ? EMPTY : 0n);
  return remainder;
});

/**
 * The 64-bit Rabin fingerprint (CRC-64-AVRO) of a schema's parsing canonical form, as the 8 little-endian bytes that single-object
 * encoding puts after its marker.
 */
export function fingerprint(canonicalForm: string): Uint8Array {
  let remainder = EMPTY;
  for (const byte of new TextEncoder().encode(canonicalForm)) {
    remainder = (remainder >> 8n) ^ (TABLE[Number((remainder ^ BigInt(byte)) & 0xffn)] ?? 0n);
  }
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, remainder, true);
  return bytes;
}
