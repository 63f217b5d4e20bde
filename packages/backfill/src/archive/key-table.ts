import type { Key } from '@labelstream/shared/archive/index-rows';

/** Numbers keys in the order in which they are added, in 20 to 36 bytes each. */
export interface KeyTable {
  readonly size: () => number;
  /** The number of a key, which it gets when it is new. */
  add(key: Key): number;
  /** The number of a key, or -1. */
  find(key: Key): number;
}

const EMPTY = 0xffff_ffff;
const WORDS = 3;
const FIRST_SLOTS = 1024;

/** Open addressing; keys are beginnings of hashes, so their bits need no mixing. */
export function createKeyTable(): KeyTable {
  let slots = new Uint32Array(FIRST_SLOTS).fill(EMPTY);
  let keys = new Uint32Array(FIRST_SLOTS * WORDS);
  let size = 0;

  const isAt = (number: number, [a, b, c]: Key) =>
    keys[number * WORDS] === a && keys[number * WORDS + 1] === b && keys[number * WORDS + 2] === c;

  /** The slot that has the key, or that it would take. */
  function slotOf(key: Key): number {
    const mask = slots.length - 1;
    let slot = key[1] & mask;
    for (;;) {
      const number = slots[slot] ?? EMPTY;
      if (number === EMPTY || isAt(number, key)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  function grow(): void {
    const larger = new Uint32Array(keys.length * 2);
    larger.set(keys);
    keys = larger;
    slots = new Uint32Array(slots.length * 2).fill(EMPTY);
    for (let number = 0; number < size; number++) {
      const at = number * WORDS;
      slots[slotOf([keys[at] ?? 0, keys[at + 1] ?? 0, keys[at + 2] ?? 0])] = number;
    }
  }

  return {
    size: () => size,
    find(key) {
      const number = slots[slotOf(key)] ?? EMPTY;
      return number === EMPTY ? -1 : number;
    },
    add(key) {
      const slot = slotOf(key);
      const number = slots[slot] ?? EMPTY;
      if (number !== EMPTY) return number;
      slots[slot] = size;
      keys.set(key, size * WORDS);
      size += 1;
      // At most half full.
      if (size * 2 >= slots.length) grow();
      return size - 1;
    },
  };
}
