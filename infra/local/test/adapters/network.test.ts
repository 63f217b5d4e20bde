import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { becomesFree, isPortFree } from '../../src/adapters/network.js';

/** A port that something listens on until it is let go. */
function takePort(): Promise<{ port: number; letGo: () => void }> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve({ port: typeof address === 'object' && address !== null ? address.port : 0, letGo: () => void server.close() });
    });
  });
}

describe('becomesFree', () => {
  it('waits for whoever is about to let go of the port', async () => {
    const { port, letGo } = await takePort();
    expect(await isPortFree(port)).toBe(false);
    setTimeout(letGo, 100);
    expect(await becomesFree(port, 10_000)).toBe(true);
  });

  it('does not wait longer than it is told to', async () => {
    const { port, letGo } = await takePort();
    expect(await becomesFree(port, 100)).toBe(false);
    letGo();
  });
});
