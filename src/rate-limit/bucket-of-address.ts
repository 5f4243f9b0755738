/** All requests without a single plain client address share one budget. */
const unknownClients = 'unknown';

/**
 * Returns the name under which a client is counted, from the canonical spelling of `clientIp`. IPv4 counts by
 * address. IPv6 counts by /64, which is what one subscriber gets: by address there would be 2^64 budgets. `null`, a
 * missing or invalid address, is one bucket for everybody, never a way around the limit (LIM-05, 06).
 */
export function bucketOfAddress(ip: string | null): string {
  return prefixOf(ip, 4);
}

/**
 * Returns the name under which all prefixes of one site are counted: the /48 of an IPv6 address, which contains
 * 65,536 prefixes of the size that `bucketOfAddress` counts by (LIM-15). For every other client it is
 * its `bucketOfAddress`.
 */
export function clientNetwork(ip: string | null): string {
  return prefixOf(ip, 3);
}

function prefixOf(ip: string | null, groups: number): string {
  if (ip === null) return unknownClients;
  return ip.includes(':') ? `${groupsOf(ip).slice(0, groups).join(':')}::/${16 * groups}` : ip;
}

function groupsOf(ipv6: string): string[] {
  const [before = [], after = []] = ipv6.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after];
}
