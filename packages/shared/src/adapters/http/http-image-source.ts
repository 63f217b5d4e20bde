import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { describeError, isLabelstreamError, LabelstreamError } from '../../errors.js';
import { describeUri } from '../../image/describe-uri.js';
import { imageTooLarge, readLimited } from '../../image/read-limited.js';
import { type CheckedUrl, checkHttpUri, type HttpPolicy } from '../../net/http-uri.js';
import type { ImageSource } from '../../ports/image-source.js';
import { guardedLookup, type Resolve, resolveByDns } from './guarded-lookup.js';
import { failureOfStatus, isRedirect, retryAfterMs } from './status.js';

const MAX_REDIRECTS = 3;

export interface HttpImageSourceOptions {
  readonly policy: HttpPolicy;
  readonly maxBytes: number;
  /** For the whole image, redirects included. */
  readonly timeoutMs: number;
  /** Without a byte. */
  readonly idleTimeoutMs: number;
  /** Name resolution; the system's unless given. */
  readonly resolve?: Resolve;
}

/**
 * Images from the web. Every hop is checked anew: URI, port, and the address the socket connects to. Bodies are taken as they are sent:
 * no content encoding is asked for and none is undone.
 */
export function createHttpImageSource(options: HttpImageSourceOptions): ImageSource & { close(): void } {
  const agents = { http: new http.Agent({ keepAlive: true }), https: new https.Agent({ keepAlive: true }) };
  const open = createOpener(agents, options);

  async function follow(uri: string, signal: AbortSignal): Promise<IncomingMessage> {
    let checked = checkHttpUri(uri, options.policy);
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      const response = await open(checked, signal);
      if (!isRedirect(response)) return response;
      response.destroy();
      checked = checkHttpUri(target(response, checked.url), options.policy);
    }
    throw new LabelstreamError('IMAGE_FETCH_FAILED', `more than ${MAX_REDIRECTS} redirects`);
  }

  async function fetch(uri: string, signal: AbortSignal): Promise<Uint8Array> {
    const response = await follow(uri, signal);
    const failure = failureOfStatus(response.statusCode ?? 0);
    const tooLong = Number(response.headers['content-length'] ?? 0) > options.maxBytes;
    if (failure === undefined && !tooLong) return readLimited(response, options.maxBytes);
    response.destroy();
    if (failure === undefined) throw imageTooLarge(options.maxBytes);
    const waitMs = failure === 'IMAGE_FETCH_FAILED' ? retryAfterMs(response.headers['retry-after'], Date.now()) : undefined;
    throw new LabelstreamError(failure, `HTTP status ${response.statusCode} from ${describeUri(uri)}`, {
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    });
  }

  return {
    async fetch({ uri }, signal) {
      const deadline = AbortSignal.timeout(options.timeoutMs);
      try {
        return await fetch(uri, signal === undefined ? deadline : AbortSignal.any([signal, deadline]));
      } catch (error) {
        if (isLabelstreamError(error)) throw error;
        throw new LabelstreamError('IMAGE_FETCH_FAILED', `${describeUri(uri)}: ${describeError(error)}`, { cause: error });
      }
    },
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

/** Sends one GET and resolves with the head of the answer. */
function createOpener(agents: { readonly http: http.Agent; readonly https: https.Agent }, options: HttpImageSourceOptions) {
  const { idleTimeoutMs, resolve = resolveByDns } = options;
  const headers = { accept: 'image/*', 'accept-encoding': 'identity', 'user-agent': 'labelstream' };
  return ({ url, trusted }: CheckedUrl, signal: AbortSignal): Promise<IncomingMessage> =>
    new Promise((done, fail) => {
      const settings = { headers, signal, timeout: idleTimeoutMs, lookup: guardedLookup(resolve, trusted) };
      const request =
        url.protocol === 'https:'
          ? https.request(url, { ...settings, agent: agents.https })
          : http.request(url, { ...settings, agent: agents.http });
      request.on('timeout', () => request.destroy(new Error(`no byte for ${idleTimeoutMs} ms`)));
      request.on('response', done);
      request.on('error', fail);
      // A server that changes the protocol is hung up on without an error.
      request.on('close', () => fail(new Error('the connection ended without an answer')));
      request.end();
    });
}

function target(response: IncomingMessage, from: URL): string {
  const location = response.headers.location ?? '';
  if (URL.canParse(location, from.href)) return new URL(location, from.href).href;
  throw new LabelstreamError('IMAGE_FETCH_FAILED', `${from.host} redirects to nowhere`);
}
