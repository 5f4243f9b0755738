/** All requests without a single plain client address share one budget. */
const unknownClients = 'unknown';

/**
 * Returns the name under which a client is counted, from the canonical spelling of `clientIp`. IPv4 counts by
 * address. IPv6 counts by /64, which is what one subscriber gets: by address there would be 2^64 budgets. `null`, a
 * missing or invalid address, is one bucket for everybody, never a way around the limit (LIM-05, 06).
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
