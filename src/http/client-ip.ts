const lengthMax = 45; // ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255
// Without leading zeros, which some software reads as octal.
const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`);
const ipv6Characters = /^[0-9a-f:.]+$/i;
const ipv4Mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/**
 * Returns the client's address in its canonical spelling: dotted IPv4, or IPv6 by RFC 5952; an IPv4-mapped IPv6
 * address (RFC 4291 2.5.5.2) becomes the IPv4 address. It comes only from `CF-Connecting-IP`, which Cloudflare
 * overwrites; clients can forge every other header of this kind. `null`: absent, or not one plain address.
 */
export function clientIp(request: Request): string | null {
  const text = request.headers.get('CF-Connecting-IP');
  if (text === null || text.length > lengthMax) return null;
  if (ipv4.test(text)) return text;
  return ipv6Characters.test(text) ? canonicalIpv6(text) : null;
}

function canonicalIpv6(text: string): string | null {
  // The URL standard parses IPv6 strictly and formats it by RFC 5952, except for the dotted end of mapped addresses.
  const hostname = URL.parse(`http://[${text}]/`)?.hostname;
  if (hostname === undefined) return null;
  const address = hostname.slice(1, -1);
  const mapped = ipv4Mapped.exec(address);
  if (mapped === null) return address;
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}
