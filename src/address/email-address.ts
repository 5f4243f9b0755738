/** The most characters of an address: RFC 5321 4.5.3.1.3, less the angle brackets. */
export const emailLengthMax = 254;

const localPartLengthMax = 64; // RFC 5321 4.5.3.1.1

// Every pattern is linear: two adjacent quantifiers never match the same character.
const dotString = /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/; // RFC 5321 4.1.2
const domainCharacters = /^[a-z0-9.\-\u0080-\u{10ffff}]+$/iu;
const ldhLabel = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/; // RFC 5890 2.3.1

/** Returns the canonical form of an address, or null when it is invalid. */
export function canonicalEmail(text: string): string | null {
  // Before trimming, which would hide a line break at the end. Under NFKC, U+FF20 and U+FE6B become an `@`.
  if (/[\r\n]/.test(text) || text.normalize('NFKC').split('@').length !== 2) return null;
  const [localPart = '', domain = ''] = text.trim().split('@');
  if (localPart.length > localPartLengthMax || !dotString.test(localPart)) return null;
  const asciiDomain = canonicalDomain(domain);
  // Lower case only after the check for ASCII: U+212A would become a `k` (T34).
  const address = `${localPart.toLowerCase()}@${asciiDomain}`;
  return asciiDomain === null || address.length > emailLengthMax ? null : address;
}

function canonicalDomain(domain: string): string | null {
  // The URL parser interprets other ASCII characters: it ends the host at `/`, decodes `%`, drops tabs.
  if (!domainCharacters.test(domain)) return null;
  const hostname = URL.parse(`https://${domain}/`)?.hostname ?? '';
  const labels = hostname.split('.');
  const isIpAddress = /^\d/.test(labels.at(-1) ?? ''); // no top-level domain begins with a digit (RFC 3696 2)
  return labels.length > 1 && !isIpAddress && labels.every((label) => ldhLabel.test(label)) ? hostname : null;
}
