import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { LabelstreamError } from '../errors.js';

/** What a process shows of itself. */
export interface HttpDeps {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly metrics: Registry;
  /** Liveness: false means that a restart would help. */
  readonly healthy: () => boolean;
  /** Readiness: false while something is waited for. */
  readonly ready: () => boolean;
  /** Plain data for `/status`. */
  readonly status: () => unknown;
}

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

interface Answer {
  readonly code: number;
  readonly type: string;
  readonly body: string;
}

const json = (code: number, value: unknown): Answer => ({ code, type: 'application/json', body: `${JSON.stringify(value)}\n` });

/** Serves `/healthz`, `/readyz`, `/metrics` and `/status`. Throws CONFIG_INVALID when the port cannot be had. */
export async function startHttp(deps: HttpDeps): Promise<HttpServer> {
  const server = createServer((request, response) => void answer(deps, request).then((given) => write(response, given)));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new LabelstreamError('CONFIG_INVALID', `HTTP_PORT ${deps.port} on ${deps.host} cannot be listened on: ${cause.message}`, { cause }),
      ),
    );
    server.listen(deps.port, deps.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(deps: HttpDeps, { method, url = '/' }: IncomingMessage): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return json(405, { error: 'only GET' });
  switch (url.split('?')[0]) {
    case '/healthz':
      return deps.healthy() ? json(200, { healthy: true }) : json(503, { healthy: false });
    case '/readyz':
      return deps.ready() ? json(200, { ready: true }) : json(503, { ready: false });
    case '/metrics':
      return { code: 200, type: deps.metrics.contentType, body: await deps.metrics.metrics() };
    case '/status':
      return json(200, deps.status());
    default:
      return json(404, { error: 'not found: /healthz, /readyz, /metrics, /status' });
  }
}

function write(response: ServerResponse, { code, type, body }: Answer): void {
  response.writeHead(code, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
