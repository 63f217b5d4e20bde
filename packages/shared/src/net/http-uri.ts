import { isIP } from 'node:net';
import { LabelstreamError } from '../errors.js';
import { describeUri } from '../image/describe-uri.js';
import { isPublicAddress } from './address.js';

const MAX_URI_CHARACTERS = 4096;
const WEB_PORTS = [80, 443];

/** Which web addresses may be read. */
export interface HttpPolicy {
  /** Whether `http:` is allowed beside `https:`. */
  readonly plainHttp: boolean;
  /** Ports allowed beside 80 and 443. */
  readonly ports: readonly number[];
  /** `host` or `host:port` (IPv6 in brackets) that may be read wherever they point to: a shop's own image store, a test's server. */
  readonly hosts: readonly string[];
}

/** A checked URL. `trusted`: its host is on the allow list, so that the addresses it resolves to need no check. */
export interface CheckedUrl {
  readonly url: URL;
  readonly trusted: boolean;
}

/**
 * Parses and checks a web address before anything is sent. Throws IMAGE_URI_INVALID or IMAGE_URI_FORBIDDEN. A host given by name still has
 * to have its addresses checked where the connection is made.
 */
export function checkHttpUri(uri: string, policy: HttpPolicy): CheckedUrl {
  const url = parse(uri);
  const refuse = (why: string) => new LabelstreamError('IMAGE_URI_FORBIDDEN', `${why}: ${describeUri(uri)}`);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse('not a web address');
  if (url.protocol === 'http:' && !policy.plainHttp) throw refuse('plain http is not allowed');
  if (url.username !== '' || url.password !== '') throw refuse('credentials in an image URI');
  if (isTrusted(url, policy.hosts)) return { url, trusted: true };
  if (![...WEB_PORTS, ...policy.ports].includes(portOf(url))) throw refuse(`port ${portOf(url)} is not allowed`);
  checkLiteralAddress(url, uri, refuse);
  return { url, trusted: false };
}

function parse(uri: string): URL {
  const strange = uri.length > MAX_URI_CHARACTERS || /[\s\\\p{Cc}]/u.test(uri);
  if (!strange && URL.canParse(uri)) return new URL(uri);
  throw new LabelstreamError('IMAGE_URI_INVALID', `not a web address: ${describeUri(uri)}`);
}

function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

function isTrusted(url: URL, hosts: readonly string[]): boolean {
  const own = [url.hostname, `${url.hostname}:${portOf(url)}`];
  return hosts.some((host) => own.includes(host.toLowerCase()));
}

/** Sockets resolve no IP literal, so it is checked here. `0x7f.1` and the like become dotted in a URL; only the dotted spelling is let in. */
function checkLiteralAddress(url: URL, uri: string, refuse: (why: string) => LabelstreamError): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) === 0) return;
  if (!isPublicAddress(host)) throw refuse('not a public address');
  if (isIP(host) === 4 && !uri.includes(`//${host}`)) throw refuse('an unusual spelling of an address');
}
