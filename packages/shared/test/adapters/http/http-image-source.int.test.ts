import type { RequestListener, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { createHttpImageSource, type HttpImageSourceOptions } from '../../../src/adapters/http/http-image-source.js';
import type { HttpPolicy } from '../../../src/net/http-uri.js';
import { startRawServer, startWebServer, type WebServer } from './web-server.js';

const IMAGE = Buffer.from('the bytes of an image');
const opened: { close(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

async function serve(listener: RequestListener): Promise<WebServer> {
  const server = await startWebServer(listener);
  opened.push(server);
  return server;
}

async function serveRaw(answer: string | Buffer): Promise<WebServer> {
  const server = await startRawServer(answer);
  opened.push(server);
  return server;
}

function open(options: Partial<Omit<HttpImageSourceOptions, 'policy'>> & { policy?: Partial<HttpPolicy> } = {}) {
  const { policy, ...rest } = options;
  const source = createHttpImageSource({
    maxBytes: 1000,
    timeoutMs: 2000,
    idleTimeoutMs: 2000,
    ...rest,
    policy: { plainHttp: true, ports: [], hosts: [], ...policy },
  });
  opened.push(source);
  return source;
}

/** A source that trusts the server's address and port. */
const trusting = ({ port }: WebServer, options: Partial<HttpImageSourceOptions> = {}) =>
  open({ ...options, policy: { hosts: [`127.0.0.1:${port}`] } });
const at = ({ port }: WebServer, path = '/a.jpg') => ({ uri: `http://127.0.0.1:${port}${path}` });
const redirect = (response: ServerResponse, location: string, status = 302) => response.writeHead(status, { location }).end();

test('an image of a trusted host is fetched, without content encoding, over kept-alive connections', async () => {
  const encodings: unknown[] = [];
  const server = await serve((request, response) => {
    encodings.push(request.headers['accept-encoding']);
    response.end(IMAGE);
  });
  const source = trusting(server);
  expect(Buffer.from(await source.fetch(at(server)))).toEqual(IMAGE);
  expect(Buffer.from(await source.fetch(at(server)))).toEqual(IMAGE);
  expect(encodings).toEqual(['identity', 'identity']);
  expect(server.connections()).toBe(1);
});

test.each([
  [204, 'IMAGE_FETCH_FAILED'],
  [206, 'IMAGE_FETCH_FAILED'],
  [304, 'IMAGE_FETCH_FAILED'],
  [400, 'IMAGE_ACCESS_DENIED'],
  [401, 'IMAGE_ACCESS_DENIED'],
  [403, 'IMAGE_ACCESS_DENIED'],
  [404, 'IMAGE_NOT_FOUND'],
  [408, 'IMAGE_FETCH_FAILED'],
  [410, 'IMAGE_NOT_FOUND'],
  [429, 'IMAGE_FETCH_FAILED'],
  [500, 'IMAGE_FETCH_FAILED'],
  [503, 'IMAGE_FETCH_FAILED'],
])('status %i → %s', async (status, code) => {
  const server = await serve((_, response) => response.writeHead(status).end());
  await expect(trusting(server).fetch(at(server))).rejects.toMatchObject({ code });
});

test('a loopback server is not reached by address unless its host and port are trusted', async () => {
  const server = await serve((_, response) => response.end(IMAGE));
  const spellings = ['127.0.0.1', '127.1', '0x7f000001', '2130706433', '[::ffff:127.0.0.1]', '127.0.0.2', '0.0.0.0'];
  for (const host of spellings) {
    const fetching = open({ policy: { ports: [server.port] } }).fetch({ uri: `http://${host}:${server.port}/` });
    await expect(fetching).rejects.toMatchObject({ code: 'IMAGE_URI_FORBIDDEN' });
  }
  expect(server.connections()).toBe(0);
});

test('a name is refused when one of its addresses is not public, whatever it resolved to before', async () => {
  const server = await serve((_, response) => response.end(IMAGE));
  const source = open({
    policy: { ports: [server.port] },
    resolve: (_, __, answer) =>
      answer(null, [
        { address: '93.184.215.14', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]),
  });
  await expect(source.fetch({ uri: `http://rebinding.test:${server.port}/` })).rejects.toMatchObject({ code: 'IMAGE_URI_FORBIDDEN' });
  expect(server.connections()).toBe(0);
});

test('a name is resolved once for a connection, so that it cannot mean another address than the one that was checked', async () => {
  const server = await serve((_, response) => response.end(IMAGE));
  let lookups = 0;
  const source = open({
    policy: { hosts: [`images.shop.test:${server.port}`] },
    resolve: (_, __, answer) => {
      lookups += 1;
      answer(null, [{ address: '127.0.0.1', family: 4 }]);
    },
  });
  expect(Buffer.from(await source.fetch({ uri: `http://images.shop.test:${server.port}/` }))).toEqual(IMAGE);
  expect(lookups).toBe(1);
});

test('a name without an address, or that does not resolve, may be asked again', async () => {
  const nowhere = open({ resolve: (_, __, answer) => answer(null, []) });
  await expect(nowhere.fetch({ uri: 'http://shop.test/' })).rejects.toMatchObject({ code: 'IMAGE_FETCH_FAILED' });
  const failing = open({ resolve: (_, __, answer) => answer(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), []) });
  await expect(failing.fetch({ uri: 'http://shop.test/' })).rejects.toMatchObject({ code: 'IMAGE_FETCH_FAILED' });
});

test('redirects are followed, relative ones too, up to three', async () => {
  const server = await serve(({ url = '' }, response) => {
    const left = Number(url.slice(1));
    if (left === 0) response.end(IMAGE);
    else redirect(response, `/${left - 1}`, [301, 302, 303, 307, 308][left]);
  });
  const source = trusting(server);
  expect(Buffer.from(await source.fetch(at(server, '/3')))).toEqual(IMAGE);
  await expect(source.fetch(at(server, '/4'))).rejects.toMatchObject({ code: 'IMAGE_FETCH_FAILED' });
});

test.each([
  ['the metadata service', 'http://169.254.169.254/latest/meta-data/'],
  ['the metadata service over IPv6', 'http://[fd00:ec2::254]/latest/'],
  ['a private address', 'http://10.0.0.1/'],
  ['another port of loopback', 'http://127.0.0.1:1/'],
  ['loopback in a number', 'http://2130706433/'],
  ['a file', 'file:///etc/passwd'],
  ['data', 'data:image/png;base64,AAAA'],
  ['credentials', 'http://user:secret@8.8.8.8/'],
])('a redirect to %s is refused', async (_, location) => {
  const server = await serve((__, response) => redirect(response, location));
  await expect(trusting(server).fetch(at(server))).rejects.toMatchObject({ code: 'IMAGE_URI_FORBIDDEN' });
});

test('a redirect by name is checked where it is connected to', async () => {
  const server = await serve((_, response) => redirect(response, 'http://inner.test/'));
  const source = open({
    policy: { hosts: [`127.0.0.1:${server.port}`] },
    resolve: (_, __, answer) => answer(null, [{ address: '192.168.0.1', family: 4 }]),
  });
  await expect(source.fetch(at(server))).rejects.toMatchObject({ code: 'IMAGE_URI_FORBIDDEN' });
});

test('a redirect from a trusted host to plain http is refused where http is not allowed', async () => {
  const server = await serve((_, response) => response.end(IMAGE));
  const source = open({ policy: { plainHttp: false, hosts: [`127.0.0.1:${server.port}`] } });
  await expect(source.fetch(at(server))).rejects.toMatchObject({ code: 'IMAGE_URI_FORBIDDEN' });
});

test.each(['', 'http://[broken/'])('a redirect to %j leads nowhere', async (location) => {
  const server = await serve((_, response) => redirect(response, location));
  await expect(trusting(server).fetch(at(server))).rejects.toMatchObject({ code: 'IMAGE_FETCH_FAILED' });
});

test('a body that says it is too long is not read', async () => {
  const server = await serve((_, response) => response.writeHead(200, { 'content-length': '1001' }).write('x'));
  await expect(trusting(server).fetch(at(server))).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
});

test('a body that is longer than allowed without saying so is cut off', async () => {
  let sentBytes = 0;
  const server = await serve((_, response) => {
    const send = () => {
      while (!response.destroyed && response.write(Buffer.alloc(500))) sentBytes += 500;
    };
    response.on('drain', send);
    response.on('error', () => {});
    send();
  });
  await expect(trusting(server).fetch(at(server))).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
  expect(sentBytes).toBeLessThan(100_000_000);
});

test('half a body is a failure that may be repeated', async () => {
  const server = await serveRaw('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nonly this');
  await expect(trusting(server).fetch(at(server))).rejects.toMatchObject({ code: 'IMAGE_FETCH_FAILED' });
});

test('a chunked body without its end is a failure that may be repeated', async () => {
  const server = await serveRaw('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n');
  await expect(trusting(server).fetch(at(server))).rejects.toMatchObject({ code: 'IMAGE_FETCH_FAILED' });
});

test('of a body that is longer than it says, only what it says is taken', async () => {
  const server = await serveRaw('HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello and more');
  expect(Buffer.from(await trusting(server).fetch(at(server))).toString()).toBe('hello');
});

test('a compressed body is not unpacked', async () => {
  const bomb = gzipSync(Buffer.alloc(100_000));
  const server = await serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
  expect(Buffer.from(await trusting(server).fetch(at(server)))).toEqual(bomb);
});

test.each([
  ['no HTTP at all', 'hello\r\n\r\n'],
  ['nothing', ''],
  ['headers without end', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(10_000)}`],
  ['a change of protocol', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 9\r\n\r\nhello'],
])('a server that sends %s has failed', async (_, answer) => {
  const server = await serveRaw(answer);
  await expect(trusting(server).fetch(at(server))).rejects.toMatchObject({ code: 'IMAGE_FETCH_FAILED' });
});

test('a port on which nobody listens has failed', async () => {
  const server = await serve(() => {});
  await server.close();
  await expect(trusting(server).fetch(at(server))).rejects.toMatchObject({ code: 'IMAGE_FETCH_FAILED' });
});

test('a server that does not answer is given up after the idle time', async () => {
  const server = await serve(() => {});
  const source = trusting(server, { idleTimeoutMs: 100, timeoutMs: 60_000 });
  await expect(source.fetch(at(server))).rejects.toMatchObject({ code: 'IMAGE_FETCH_FAILED', message: expect.stringContaining('100 ms') });
});

test('a server that sends a byte now and then is given up after the whole time', async () => {
  const server = await serve((_, response) => {
    const timer = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(timer));
  });
  await expect(trusting(server, { timeoutMs: 300 }).fetch(at(server))).rejects.toMatchObject({ code: 'IMAGE_FETCH_FAILED' });
});

test('a fetch that is called off ends at once', async () => {
  const server = await serve(() => {});
  const fetching = trusting(server, { timeoutMs: 60_000, idleTimeoutMs: 60_000 }).fetch(at(server), AbortSignal.timeout(50));
  await expect(fetching).rejects.toMatchObject({ code: 'IMAGE_FETCH_FAILED' });
});
