import { cookieNames, expiredHostCookie, hostCookie, readCookie } from '../../../http/cookies.ts';
import { type SealedVisit, visitTtlSeconds } from './visit.ts';

const namePrefix = '__Host-nexora_oauth_';
/** Visits to providers that one browser may have open; the oldest gives way. */
const visitsMax = 5;

/**
 * Sets the cookie of a visit: one of its own for each, so that two tabs do not undo each other. Where the provider
 * posts its answer from its own site, the browser sends no cookie that is `Lax` (CKE-07).
 * @param header the cookies that the browser has
 */
export function setVisitCookie(
  headers: Headers,
  { state, sealed }: SealedVisit,
  responseMode: 'query' | 'form_post',
  header: string | null,
): void {
  const sameSite = responseMode === 'form_post' ? 'None' : 'Lax';
  // Browsers send the older ones first (RFC 6265 section 5.4).
  const names = cookieNames(header, namePrefix);
  for (const name of names.slice(0, Math.max(0, names.length - visitsMax + 1)))
    headers.append('Set-Cookie', expiredHostCookie(name));
  headers.append('Set-Cookie', hostCookie(nameOf(state), sealed, visitTtlSeconds, sameSite));
}

/** The cookie of the visit with this state; null for none. */
export function readVisitCookie(header: string | null, state: string): SealedVisit | null {
  const sealed = readCookie(header, nameOf(state));
  return sealed === null ? null : { state, sealed };
}

/** Clears the cookie of a visit, which ends once. */
export function clearVisitCookie(headers: Headers, state: string): void {
  headers.append('Set-Cookie', expiredHostCookie(nameOf(state)));
}

/** The cookie's name has a part of the state that is random: by then it is a token of ours. */
function nameOf(state: string): `__Host-${string}` {
  return `${namePrefix}${state.slice(4, 12)}`;
}
