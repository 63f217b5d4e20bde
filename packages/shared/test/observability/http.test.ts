import { Counter, Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { type HttpServer, startHttp } from '../../src/observability/http.js';

let server: HttpServer | null = null;
const state = { healthy: true, ready: true };

async function start(port = 0): Promise<HttpServer> {
  const metrics = new Registry();
  new Counter({ name: 'labelstream_test_total', help: 'A counter.', registers: [metrics] }).inc(3);
  server = await startHttp({
    host: '127.0.0.1',
    port,
    metrics,
    healthy: () => state.healthy,
    ready: () => state.ready,
    status: () => ({ name: 'fusion', stages: [] }),
  });
  return server;
}

afterEach(async () => {
  Object.assign(state, { healthy: true, ready: true });
  await server?.close();
});

const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server?.port}${path}`, init);

describe('startHttp', () => {
  it('takes a free port when it may, and says which', async () => {
    expect((await start()).port).toBeGreaterThan(0);
  });

  it.each([
    ['/healthz', 'healthy'],
    ['/readyz', 'ready'],
  ] as const)('answers %s with 200 or 503', async (path, flag) => {
    await start();
    expect((await get(path)).status).toBe(200);
    state[flag] = false;
    const answer = await get(path);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ [flag]: false });
  });

  it('shows metrics as Prometheus reads them', async () => {
    await start();
    const answer = await get('/metrics');
    expect(answer.headers.get('content-type')).toContain('text/plain');
    expect(await answer.text()).toContain('labelstream_test_total 3');
  });

  it('shows the status as JSON', async () => {
    await start();
    expect(await (await get('/status?x=1')).json()).toEqual({ name: 'fusion', stages: [] });
  });

  it('changes nothing and knows nothing else', async () => {
    await start();
    expect((await get('/status', { method: 'POST' })).status).toBe(405);
    expect((await get('/')).status).toBe(404);
    const head = await get('/healthz', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('says which setting is wrong when the port is taken', async () => {
    const { port } = await start();
    const first = server;
    await expect(start(port)).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining(`HTTP_PORT ${port}`) });
    server = first;
  });
});
