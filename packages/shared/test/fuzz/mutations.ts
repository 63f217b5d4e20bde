import fc from 'fast-check';

/** Larger inputs find nothing that smaller ones do not, and are slow to try. */
const MAX_BYTES = 256 * 1024;

/** Changes an input. */
type Mutation = (bytes: Buffer) => Buffer;

const place = (at: number, bytes: Buffer) => (bytes.length === 0 ? 0 : at % (bytes.length + 1));
const splice = (bytes: Buffer, at: number, cut: number, put: Uint8Array) =>
  Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(Math.min(bytes.length, at + cut))]);

/** What breaks parsers: lengths at the edges of their types, numbers without an end, brackets that are never closed. */
const EDGES = [
  ...['00', '01', '7f', '80', 'ff', 'ffff', '7fff', '8000', 'ffffffff', '7fffffff', '80000000', 'feffffff0f', 'ffffffffffffffff7f'],
  ...['ffffffffffffffffff01', '80808080808080808001', 'efbbbf', 'c080', 'eda080', '0d0a', '0a', '22', '5c', '27', '2c', '7b', '5b5b5b5b'],
].map((hex) => Buffer.from(hex, 'hex'));

const at = fc.nat(MAX_BYTES);
const few = fc.integer({ min: 1, max: 16 });

/** Any mutation; `words` are what the parser looks for. */
function anyMutation(corpus: readonly Uint8Array[], words: readonly string[]): fc.Arbitrary<Mutation> {
  const pieces = fc.constantFrom(...EDGES, ...words.map((word) => Buffer.from(word)));
  return fc.oneof(
    fc.tuple(at, fc.integer({ min: 1, max: 255 })).map(([where, flip]) => (bytes: Buffer) => {
      const index = place(where, bytes);
      return splice(bytes, index, 1, Uint8Array.of((bytes[index] ?? 0) ^ flip));
    }),
    fc.tuple(at, pieces, fc.boolean()).map(([where, piece, over]) => (bytes: Buffer) => {
      return splice(bytes, place(where, bytes), over ? piece.length : 0, piece);
    }),
    fc.tuple(at, few).map(
      ([where, cut]) =>
        (bytes: Buffer) =>
          splice(bytes, place(where, bytes), cut, Buffer.alloc(0)),
    ),
    fc.tuple(at, fc.uint8Array({ minLength: 1, maxLength: 16 })).map(([where, random]) => (bytes: Buffer) => {
      return splice(bytes, place(where, bytes), 0, random);
    }),
    fc.tuple(at, few, fc.integer({ min: 2, max: 2000 })).map(([where, length, times]) => (bytes: Buffer) => {
      const index = place(where, bytes);
      const part = bytes.subarray(index, index + length);
      return splice(bytes, index, 0, Buffer.concat(Array.from({ length: times }, () => part)));
    }),
    at.map((where) => (bytes: Buffer) => bytes.subarray(0, place(where, bytes))),
    fc.tuple(at, at, fc.nat(corpus.length - 1)).map(([where, from, which]) => (bytes: Buffer) => {
      const other = Buffer.from(corpus[which] ?? []);
      return Buffer.concat([bytes.subarray(0, place(where, bytes)), other.subarray(place(from, other))]);
    }),
  );
}

/** An input of the corpus, by its index, with up to eight mutations; shrinks towards fewer of them. */
export function mutated(
  corpus: readonly Uint8Array[],
  words: readonly string[],
): fc.Arbitrary<{ readonly seed: number; readonly bytes: Buffer }> {
  return fc.tuple(fc.nat(corpus.length - 1), fc.array(anyMutation(corpus, words), { maxLength: 8 })).map(([seed, mutations]) => {
    const change = (bytes: Buffer, mutate: Mutation) => mutate(bytes).subarray(0, MAX_BYTES);
    return { seed, bytes: mutations.reduce(change, Buffer.from(corpus[seed] ?? [])) };
  });
}
