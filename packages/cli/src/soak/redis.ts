import { connect } from 'node:net';

/** What is in a Redis. */
export interface RedisUse {
  readonly keys: number;
  readonly usedBytes: number;
}

const TIMEOUT_MS = 5_000;
const REQUEST = 'DBSIZE\r\nINFO memory\r\nQUIT\r\n';

/** Asks a Redis of the local engine, which knows no password; null when it does not answer. */
export function askRedis(url: string): Promise<RedisUse | null> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(REQUEST));
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    // Whatever went wrong, what was heard until then decides.
    socket.on('error', () => {});
    socket.on('close', () => resolve(useOf(answer)));
  });
}

/** Reads the answers to DBSIZE and INFO memory; null when either is missing. */
export function useOf(answer: string): RedisUse | null {
  const keys = /^:(\d+)\r$/m.exec(answer)?.[1];
  const usedBytes = /^used_memory:(\d+)\r$/m.exec(answer)?.[1];
  return keys === undefined || usedBytes === undefined ? null : { keys: Number(keys), usedBytes: Number(usedBytes) };
}
