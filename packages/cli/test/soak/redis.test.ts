import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askRedis, useOf } from '../../src/soak/redis.js';

const ANSWER = ':2007\r\n$46\r\n# Memory\r\nused_memory:1398104\r\nused_memory_rss:9\r\n\r\n+OK\r\n';

let heard = '';
const server = createServer((socket) => {
  socket.on('data', (data) => {
    heard += data.toString();
    // In two pieces, as a network may do it.
    socket.write(ANSWER.slice(0, 30));
    setTimeout(() => socket.end(ANSWER.slice(30)), 5);
  });
});
let port = 0;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as { port: number }).port;
});
afterAll(() => server.close());

test('keys and memory are read from the answers', async () => {
  expect(await askRedis(`redis://127.0.0.1:${port}`)).toEqual({ keys: 2007, usedBytes: 1398104 });
  expect(heard).toBe('DBSIZE\r\nINFO memory\r\nQUIT\r\n');
});

test.each(['', '-LOADING Redis is loading the dataset in memory\r\n', ':5\r\n'])('%j says nothing', (answer) => {
  expect(useOf(answer)).toBeNull();
});

test('a Redis that is away says nothing', async () => {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const { port: free } = closed.address() as { port: number };
  await new Promise((resolve) => closed.close(resolve));
  expect(await askRedis(`redis://127.0.0.1:${free}`)).toBeNull();
});
