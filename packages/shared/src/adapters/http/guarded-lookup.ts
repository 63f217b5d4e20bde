import { type LookupAddress, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { LabelstreamError } from '../../errors.js';
import { isPublicAddress } from '../../net/address.js';

/** Resolves a host name to all its addresses, as `dns.lookup` with `all` does. */
export type Resolve = (
  hostname: string,
  options: { readonly all: true; readonly family?: number | 'IPv4' | 'IPv6'; readonly hints?: number },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export const resolveByDns: Resolve = (hostname, options, callback) => lookup(hostname, options, callback);

/**
 * A socket's `lookup` hook that hands out public addresses only: the very addresses that pass the check are connected to, so that a name
 * cannot resolve differently in between. `trusted` skips the check. One address that is not public refuses the name.
 */
export function guardedLookup(resolve: Resolve, trusted: boolean): LookupFunction {
  return (hostname, { all, family, hints }, callback) => {
    const options = { all: true as const, ...(family === undefined ? {} : { family }), ...(hints === undefined ? {} : { hints }) };
    resolve(hostname, options, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null) callback(error, '', 0);
      else if (first === undefined) callback(new LabelstreamError('IMAGE_FETCH_FAILED', `${hostname} has no address`), '', 0);
      else if (!trusted && !addresses.every(({ address }) => isPublicAddress(address))) callback(forbidden(hostname), '', 0);
      else if (all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function forbidden(hostname: string): LabelstreamError {
  return new LabelstreamError('IMAGE_URI_FORBIDDEN', `${hostname} resolves to an address that is not public`);
}
