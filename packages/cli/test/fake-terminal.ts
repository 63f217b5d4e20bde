import type { TerminalStream } from '../src/output.js';

/** A stream that keeps what is written. */
export interface FakeStream extends TerminalStream {
  text(): string;
}

export function fakeStream(options: { isTTY?: boolean; columns?: number } = {}): FakeStream {
  const written: string[] = [];
  return {
    ...options,
    write(text, done) {
      written.push(text);
      done?.();
      return true;
    },
    text: () => written.join(''),
  };
}
