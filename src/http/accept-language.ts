/**
 * Returns the first language of an Accept-Language header (RFC 9110 section 12.5.4) as a canonical BCP 47 tag of at
 * most 35 characters; null for none, `*` or an invalid one. Browsers send their languages in order of preference.
 */
export function preferredLocale(headers: Headers): string | null {
  const tag = headers.get('Accept-Language')?.slice(0, 256).split(/[,;]/)[0]?.trim() ?? '';
  if (!/^[a-z]{2,3}(-[a-z0-9]{2,8}){0,4}$/i.test(tag) || tag.length > 35) return null;
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? null;
  } catch {
    return null;
  }
}
