import type { Location } from './request-metadata.ts';

const partLengthMax = 60;

/** City, region and country in a language, by its BCP 47 tag; null if all are unknown. */
export function placeName(location: Location | null, tag: string): string | null {
  if (location === null) return null;
  const { city, region, country } = location;
  const parts = [city, region === city ? null : region, country === null ? null : countryName(country, tag)];
  return (
    parts
      .map(plainWords)
      .filter((part) => part !== '')
      .join(', ') || null
  );
}

/** Cloudflare's `XX` means unknown, and `T1` the Tor network. */
function countryName(code: string, tag: string): string | null {
  if (code === 'T1') return 'Tor';
  if (!/^[A-Z]{2}$/.test(code) || code === 'XX') return null;
  return new Intl.DisplayNames(tag, { type: 'region' }).of(code) ?? null;
}

/**
 * Keeps the characters of place names. A dot within a word is removed, since mail programs turn such words into
 * links.
 */
export function plainWords(text: string | null): string {
  return (text ?? '')
    .normalize('NFKC')
    .replace(/https?:/gi, ' ')
    .replace(/[^\p{L}\p{M}\p{N} '’.,()-]/gu, ' ')
    .replace(/\.(?=\S)/g, ' ')
    .replace(/ +/g, ' ')
    .slice(0, partLengthMax)
    .toWellFormed()
    .trim();
}
