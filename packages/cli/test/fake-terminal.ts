import type { TerminalStream } from '../src/output.js';

/** A stream that keeps what is written. */
export interface FakeStream extends TerminalStream {
  text(): string;
  bytes(): Uint8Array;
}

export function fakeStream(options: { isTTY?: boolean; columns?: number } = {}): FakeStream {
  const written: Buffer[] = [];
  return {
    ...options,
    write(data, done) {
      written.push(Buffer.from(data));
      done?.();
      return true;
    },
    text: () => Buffer.concat(written).toString(),
    bytes: () => Buffer.concat(written),
  };
}
