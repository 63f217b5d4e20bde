import { BlockList, isIP } from 'node:net';

/**
 * IPv4 ranges that are not somebody's public server: IANA special-purpose registry, multicast, reserved, and Azure's host address, which
 * serves metadata from a public number. The other clouds' metadata addresses lie in link-local, shared (CGNAT) or IETF-protocol space.
 */
const REFUSED_IPV4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['168.63.129.16', 32],
] as const;

/** Only global unicast is let through: mapped, translated, unique-local, link-local and multicast addresses all lie outside of it. */
const GLOBAL_UNICAST_IPV6 = ['2000::', 3] as const;

/** Inside global unicast, but wrapping other addresses (Teredo, 6to4) or for documentation. */
const REFUSED_IPV6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;

function blockList(ranges: readonly (readonly [string, number])[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, family);
  return list;
}

const refusedIpv4 = blockList(REFUSED_IPV4, 'ipv4');
const globalIpv6 = blockList([GLOBAL_UNICAST_IPV6], 'ipv6');
const refusedIpv6 = blockList(REFUSED_IPV6, 'ipv6');

/** Whether `address` (an IP address as text, without brackets) is a public one. Anything that is no IP address is not. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !refusedIpv4.check(address, 'ipv4');
  return family === 6 && globalIpv6.check(address, 'ipv6') && !refusedIpv6.check(address, 'ipv6');
}
