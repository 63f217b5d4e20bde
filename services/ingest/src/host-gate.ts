import { type ErrorCode, isLabelstreamError, LabelstreamError } from '@labelstream/shared/errors';
import type { ImageRef } from '@labelstream/shared/events/product-event';
import { schemeOf } from '@labelstream/shared/image/by-scheme';
import type { ImageSource } from '@labelstream/shared/ports/image-source';
import { type Attempt, type Circuit, type CircuitSettings, createCircuit } from './circuit.js';
import { createGate, type Gate } from './limit.js';

const MAX_REMEMBERED_HOSTS = 1000;

/** A host that says so of an image is well itself. */
const ANSWERS: readonly ErrorCode[] = ['IMAGE_NOT_FOUND', 'IMAGE_ACCESS_DENIED', 'IMAGE_TOO_LARGE'];

interface Host {
  readonly gate: Gate;
  readonly circuit: Circuit;
}

export interface HostGateOptions {
  /** Fetches from one host at the same time. */
  readonly maxPerHost: number;
  readonly circuit: CircuitSettings;
  /** A fetch that was given less time than this, and ran out of it, says nothing about the host. */
  readonly fairMs: number;
  readonly now: () => number;
  /** A host's circuit has opened, for so long. */
  readonly onOpen?: (host: string, forMs: number) => void;
  /** A fetch was refused because its host's circuit is open. */
  readonly onRefused?: () => void;
}

/** Places of images, one circuit for each host. */
export interface HostGate extends ImageSource {
  /** Hosts that are not asked now, or by one fetch only. */
  openHosts(): number;
}

/** What a failed fetch says about its host. */
type Verdict = 'failed' | 'answered' | 'nothing';
type Judge = (error: unknown, tookMs: number, signal?: AbortSignal) => Verdict;

/**
 * Keeps a slow or failing image host from holding up the listings of others: each host gets so many fetches at a time, and one that fails
 * again and again (no answer in time, no connection, 5xx, 429) is not asked for a while, so that its listings go on with their text at
 * once. `Retry-After` is heeded. What is thrown for a host that is left alone tells for how long. Files and data URIs pass.
 */
export function createHostGate(source: ImageSource, options: HostGateOptions): HostGate {
  const judge: Judge = (error, tookMs, signal) => {
    if (signal?.aborted) return timedOut(signal, tookMs, options) ? 'failed' : 'nothing';
    if (isLabelstreamError(error, 'IMAGE_FETCH_FAILED')) return 'failed';
    return isLabelstreamError(error, ...ANSWERS) ? 'answered' : 'nothing';
  };
  return createCircuits(source, options, judge);
}

/**
 * A second gate before `gate`, for what one is less patient about: a host that is too slow for it is left alone by it only, and is not thought
 * badly of by `gate`, whose share of fetches at a time holds for both.
 */
export function createHastyGate(gate: ImageSource, options: HostGateOptions): HostGate {
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
  // Any other failure is known to `gate` already.
  const judge: Judge = (_error, tookMs, signal) => (signal?.aborted && timedOut(signal, tookMs, options) ? 'failed' : 'nothing');
  return createCircuits({ fetch: withoutBlame }, options, judge);
}

function createCircuits(source: ImageSource, options: HostGateOptions, judge: Judge): HostGate {
  const { now } = options;
  const hosts = new Map<string, Host>();

  function hostOf(name: string): Host {
    const known = hosts.get(name);
    if (known !== undefined) return known;
    if (hosts.size >= MAX_REMEMBERED_HOSTS) forgetOneIdle(hosts);
    const host: Host = { gate: createGate(options.maxPerHost), circuit: createCircuit(options.circuit) };
    hosts.set(name, host);
    return host;
  }

  function refuse(name: string, waitMs: number): never {
    options.onRefused?.();
    throw new LabelstreamError('IMAGE_FETCH_FAILED', `${name} is left alone: it failed again and again`, { retryAfterMs: waitMs });
  }

  /** Returns whether the host is left alone from now on. */
  function settle(attempt: Attempt, verdict: Verdict, error: unknown): boolean {
    if (verdict === 'failed') return attempt.failed(now(), isLabelstreamError(error) ? error.retryAfterMs : undefined);
    if (verdict === 'answered') attempt.succeeded();
    else attempt.ended();
    return false;
  }

  async function fetchFrom(name: string, { circuit }: Host, ref: ImageRef, signal?: AbortSignal): Promise<Uint8Array> {
    const attempt = circuit.begin(now());
    if (attempt === null) return refuse(name, circuit.waitMs(now()));
    const startedMs = now();
    try {
      const bytes = await source.fetch(ref, signal);
      attempt.succeeded();
      return bytes;
    } catch (error) {
      const hasOpened = settle(attempt, judge(error, now() - startedMs, signal), error);
      const waitMs = circuit.waitMs(now());
      if (hasOpened) options.onOpen?.(name, waitMs);
      throw waitMs > 0 ? laterBy(error, waitMs) : error;
    }
  }

  return {
    async fetch(ref, signal) {
      const name = hostName(ref.uri);
      if (name === undefined) return source.fetch(ref, signal);
      const host = hostOf(name);
      const waitMs = host.circuit.waitMs(now());
      if (waitMs > 0) return refuse(name, waitMs);
      try {
        return await host.gate.run(() => fetchFrom(name, host, ref, signal), signal);
      } catch (error) {
        if (isLabelstreamError(error)) throw error;
        throw new LabelstreamError('IMAGE_FETCH_FAILED', `no turn at ${name} in time`, { cause: error });
      } finally {
        if (host.gate.idle() && host.circuit.isFresh()) hosts.delete(name);
      }
    },
    openHosts: () => [...hosts.values()].filter(({ circuit }) => circuit.state(now()) !== 'closed').length,
  };
}

/** Whether a fetch ran out of a time that was fair. Who gives up for a reason of its own has learnt nothing of the host. */
const timedOut = (signal: AbortSignal, tookMs: number, { fairMs }: HostGateOptions): boolean =>
  !isLabelstreamError(signal.reason) && tookMs >= fairMs;

/** The same failure, with the time after which its host is asked again. */
const laterBy = (error: unknown, retryAfterMs: number): unknown =>
  isLabelstreamError(error) && error.retriable ? new LabelstreamError(error.code, error.message, { cause: error, retryAfterMs }) : error;

/** The host or bucket that a URI asks; undefined where nothing is asked over the network. */
function hostName(uri: string): string | undefined {
  const scheme = schemeOf(uri);
  if (scheme === undefined || scheme === 'file' || scheme === 'data') return undefined;
  return /^[^:]*:\/\/([^/?#]{1,255})/.exec(uri)?.[1]?.toLowerCase();
}

/** The oldest of those that nothing is asked of, rather one whose circuit is closed. */
function forgetOneIdle(hosts: Map<string, Host>): void {
  const idle = [...hosts].filter(([, { gate }]) => gate.idle());
  const [name] = idle.find(([, { circuit }]) => circuit.isFresh()) ?? idle[0] ?? [];
  if (name !== undefined) hosts.delete(name);
}
