/** Who shares one budget because nothing tells them apart: requests without one plain client address. */
const unknownClients = 'unknown';

/**
 * The name under which a client is counted, made from the canonical spelling of `clientIp`. IPv4 counts by address.
 * IPv6 counts by its /64, which is what one subscriber is given: one address each would be 2^64 budgets. `null`, an
 * address that is missing or garbage, is one bucket for everybody, never a way around the limit (LIM-05, 06).
 */
export function clientBucket(ip: string | null): string {
  if (ip === null) return unknownClients;
  return ip.includes(':') ? `${firstGroups(ip).join(':')}::/64` : ip;
}

function firstGroups(ipv6: string): string[] {
  const [before = [], after = []] = ipv6.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].slice(0, 4);
}
