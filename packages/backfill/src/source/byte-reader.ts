/** Takes a stream of bytes apart, front to back. */
export interface ByteReader {
  /** Bytes taken so far. */
  position(): number;
  /** Whether there is nothing more to take. */
  isAtEnd(): Promise<boolean>;
  /** The next so many bytes. Throws an Error when the stream ends before. */
  take(count: number): Promise<Buffer>;
  skip(count: number): Promise<void>;
  close(): Promise<void>;
}

export function createByteReader(chunks: AsyncIterable<Uint8Array>): ByteReader {
  const iterator = chunks[Symbol.asyncIterator]();
  let buffered: Buffer = Buffer.alloc(0);
  let position = 0;

  async function more(): Promise<boolean> {
    const next = await iterator.next();
    if (next.done === true) return false;
    const { buffer, byteOffset, length } = next.value;
    const chunk = Buffer.from(buffer, byteOffset, length);
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
    return true;
  }

  async function fill(count: number): Promise<void> {
    const parts: Buffer[] = [buffered];
    let have = buffered.length;
    while (have < count) {
      buffered = Buffer.alloc(0);
      if (!(await more())) throw new Error(`it ends early, at byte ${position + have}`);
      parts.push(buffered);
      have += buffered.length;
    }
    if (parts.length > 1) buffered = Buffer.concat(parts);
  }

  function cut(count: number): Buffer {
    const taken = buffered.subarray(0, count);
    buffered = buffered.subarray(count);
    position += count;
    return taken;
  }

  return {
    position: () => position,
    async isAtEnd() {
      while (buffered.length === 0) if (!(await more())) return true;
      return false;
    },
    async take(count) {
      if (buffered.length < count) await fill(count);
      return cut(count);
    },
    async skip(count) {
      let left = count;
      while (left > buffered.length) {
        left -= buffered.length;
        cut(buffered.length);
        if (!(await more())) throw new Error(`it ends early, at byte ${position}`);
      }
      cut(left);
    },
    async close() {
      await iterator.return?.();
    },
  };
}
