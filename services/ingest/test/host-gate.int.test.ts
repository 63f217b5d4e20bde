import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHttpImageSource } from '@labelstream/shared/adapters/http/http-image-source';
import { afterEach, expect, test, vi } from 'vitest';
import { createHostGate } from '../src/host-gate.js';

const servers: Server[] = [];
const sources: { close(): void }[] = [];
afterEach(async () => {
  for (const source of sources.splice(0)) source.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
});

/** A web server of its own host; returns `host:port`. */
async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function openGate(hosts: string[], over: { openMs?: number; maxOpenMs?: number } = {}) {
  const web = createHttpImageSource({
    policy: { plainHttp: true, ports: hosts.map((host) => Number(host.split(':')[1])), hosts },
    maxBytes: 1000,
    timeoutMs: 20_000,
    idleTimeoutMs: 20_000,
  });
  sources.push(web);
  const circuit = { maxFailures: 5, openMs: 60_000, maxOpenMs: 120_000, random: Math.random, ...over };
  const gate = createHostGate(web, { maxPerHost: 2, circuit, fairMs: 50, now: Date.now });
  const ask = async (host: string, patienceMs = 400) => {
    const startedMs = performance.now();
    const result = await gate.fetch({ uri: `http://${host}/1.jpg` }, AbortSignal.timeout(patienceMs)).then(
      () => 'fetched',
      (error: { retryAfterMs?: number; code: string }) => error,
    );
    return { result, tookMs: performance.now() - startedMs };
  };
  return { ask, gate };
}

/** A port that nobody listens on. */
async function deadHost(): Promise<string> {
  const host = await serve(() => {});
  const server = servers.pop();
  await new Promise((done) => server?.close(done));
  return host;
}

test('a dead host and a silent one are soon answered for at once, and do not slow the others', async () => {
  let silentAsked = 0;
  const silent = await serve(() => {
    silentAsked += 1;
  });
  const well = await serve((_, response) => response.end('image'));
  const dead = await deadHost();
  const { ask, gate } = openGate([silent, well, dead]);
  const others: number[] = [];
  for (let round = 0; round < 10; round += 1) {
    const slow = Promise.all([ask(silent), ask(silent), ask(dead)]);
    for (let at = 0; at < 5; at += 1) {
      const { result, tookMs } = await ask(well, 20_000);
      expect(result).toBe('fetched');
      others.push(tookMs);
    }
    await slow;
  }
  expect(gate.openHosts()).toBe(2);
  // Five failures, and whoever was being asked beside the fifth.
  expect(silentAsked).toBeLessThanOrEqual(6);
  for (const host of [silent, dead]) {
    const { result, tookMs } = await ask(host);
    expect(result).toMatchObject({ code: 'IMAGE_FETCH_FAILED' });
    expect(tookMs).toBeLessThan(200);
  }
  // Each would have waited 400 ms for its turn if they had shared one queue.
  expect(others.sort((a, b) => a - b)[Math.floor(others.length / 2)]).toBeLessThan(300);
});

test('a host that answers 503 is tried again after a while, and used again when it has recovered', async () => {
  let isDown = true;
  let asked = 0;
  const host = await serve((_, response) => {
    asked += 1;
    response.statusCode = isDown ? 503 : 200;
    response.end('image');
  });
  const { ask } = openGate([host], { openMs: 600, maxOpenMs: 600 });
  for (let at = 0; at < 8; at += 1) await ask(host, 20_000);
  expect(asked).toBe(5);
  isDown = false;
  await vi.waitFor(async () => expect((await ask(host, 20_000)).result).toBe('fetched'), { timeout: 20_000, interval: 50 });
  expect(asked).toBe(6);
});

test('Retry-After of a 429 is heeded at once; 404 and 403 are answers like any other', async () => {
  let asked = 0;
  const busy = await serve((_, response) => {
    asked += 1;
    response.writeHead(429, { 'retry-after': '90' }).end();
  });
  const statuses = [404, 403];
  const strict = await serve((_, response) => {
    response.statusCode = statuses[asked++ % 2] ?? 404;
    response.end();
  });
  const { ask, gate } = openGate([busy, strict]);
  const { result } = await ask(busy, 20_000);
  expect(result).toMatchObject({ code: 'IMAGE_FETCH_FAILED' });
  const waitMs = typeof result === 'string' ? 0 : (result.retryAfterMs ?? 0);
  expect(waitMs).toBeGreaterThan(80_000);
  expect(waitMs).toBeLessThanOrEqual(120_000);
  await ask(busy, 20_000);
  expect(asked).toBe(1);
  for (let at = 0; at < 12; at += 1) await ask(strict, 20_000);
  expect([asked, gate.openHosts()]).toEqual([13, 1]);
});
