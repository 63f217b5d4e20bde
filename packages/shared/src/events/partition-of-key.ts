const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;
const SHIFT = 24;

const toInt32 = (bytes: Uint8Array, at: number) =>
  (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);

function mix(hash: number, word: number): number {
  const scrambled = Math.imul(word, MULTIPLIER);
  return Math.imul(hash, MULTIPLIER) ^ Math.imul(scrambled ^ (scrambled >>> SHIFT), MULTIPLIER);
}

/** 32-bit MurmurHash2 with the seed that Kafka's clients use; signed. */
export function murmur2(bytes: Uint8Array): number {
  const whole = bytes.length - (bytes.length % 4);
  let hash = SEED ^ bytes.length;
  for (let at = 0; at < whole; at += 4) hash = mix(hash, toInt32(bytes, at));
  if (whole < bytes.length) hash = Math.imul(hash ^ toInt32(bytes.subarray(whole), 0), MULTIPLIER);
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER);
  return hash ^ (hash >>> 15);
}

/** The partition in which Kafka's default partitioner puts a key (murmur2, as in the Java client). */
export function partitionOfKey(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key, 'utf8')) & 0x7fffffff) % partitions;
}
