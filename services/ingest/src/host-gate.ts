import { isLabelstreamError, LabelstreamError } from '@labelstream/shared/errors';
import type { ImageRef } from '@labelstream/shared/events/product-event';
import { schemeOf } from '@labelstream/shared/image/by-scheme';
import type { ImageSource } from '@labelstream/shared/ports/image-source';
import { createGate, type Gate } from './limit.js';

const MAX_REMEMBERED_HOSTS = 1000;

interface Host {
  readonly gate: Gate;
  /** Fetches in a row that ran out of time. */
  timeouts: number;
  /** Until then the host is not asked. */
  restingUntilMs: number;
}

export interface HostGateOptions {
  /** Fetches from one host at the same time. */
  readonly maxPerHost: number;
  /** A host that let so many fetches in a row run out of time is left alone for a while. */
  readonly restAfterTimeouts: number;
  readonly restMs: number;
  readonly now: () => number;
}

/**
 * Keeps a slow image host from holding up the listings of others: each host gets so many fetches at a time, and one that does not answer is
 * not asked for a while, so that its listings go on with their text at once. Files and data URIs pass.
 */
export function createHostGate(source: ImageSource, options: HostGateOptions): ImageSource {
  const hosts = new Map<string, Host>();

  function hostOf(name: string): Host {
    const known = hosts.get(name);
    if (known !== undefined) return known;
    if (hosts.size >= MAX_REMEMBERED_HOSTS) forgetOneIdle(hosts);
    const host: Host = { gate: createGate(options.maxPerHost), timeouts: 0, restingUntilMs: 0 };
    hosts.set(name, host);
    return host;
  }

  async function fetchFrom(host: Host, ref: ImageRef, signal?: AbortSignal): Promise<Uint8Array> {
    try {
      const bytes = await source.fetch(ref, signal);
      host.timeouts = 0;
      return bytes;
    } catch (error) {
      if (!gaveUpEarly(signal)) host.timeouts = signal?.aborted ? host.timeouts + 1 : 0;
      if (host.timeouts >= options.restAfterTimeouts) host.restingUntilMs = options.now() + options.restMs;
      throw error;
    }
  }

  return {
    async fetch(ref, signal) {
      const name = hostName(ref.uri);
      if (name === undefined) return source.fetch(ref, signal);
      const host = hostOf(name);
      if (host.restingUntilMs > options.now()) throw new LabelstreamError('IMAGE_FETCH_FAILED', `${name} did not answer in time lately`);
      try {
        return await host.gate.run(() => fetchFrom(host, ref, signal), signal);
      } catch (error) {
        if (isLabelstreamError(error)) throw error;
        throw new LabelstreamError('IMAGE_FETCH_FAILED', `no turn at ${name} in time`, { cause: error });
      } finally {
        if (host.gate.idle() && host.timeouts === 0) hosts.delete(name);
      }
    },
  };
}

/** Who gives up for a reason of its own has learnt nothing of the host. */
const gaveUpEarly = (signal?: AbortSignal) => signal?.aborted === true && isLabelstreamError(signal.reason);

/**
 * A second gate before `gate`, for what one is less patient about: a host that is too slow for it is left alone by it only, and is not thought
 * badly of by `gate`, whose share of fetches at a time holds for both.
 */
export function createHastyGate(gate: ImageSource, options: HostGateOptions): ImageSource {
  const withoutBlame: ImageSource['fetch'] = async (ref, signal) => {
    const own = new AbortController();
    const giveUp = () => own.abort(new LabelstreamError('IMAGE_FETCH_FAILED', 'it was not there in time'));
    if (signal?.aborted) giveUp();
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      return await gate.fetch(ref, own.signal);
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  };
  return createHostGate({ fetch: withoutBlame }, options);
}

/** The host or bucket that a URI asks; undefined where nothing is asked over the network. */
function hostName(uri: string): string | undefined {
  const scheme = schemeOf(uri);
  if (scheme === undefined || scheme === 'file' || scheme === 'data') return undefined;
  return /^[^:]*:\/\/([^/?#]{1,255})/.exec(uri)?.[1]?.toLowerCase();
}

function forgetOneIdle(hosts: Map<string, Host>): void {
  for (const [name, { gate }] of hosts) {
    if (!gate.idle()) continue;
    hosts.delete(name);
    return;
  }
}
