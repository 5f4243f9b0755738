import { cookieNames, expiredHostCookie, hostCookie, readCookie } from '../../../http/cookies.ts';
import { type StartedTransaction, transactionTtlSeconds } from './transaction.ts';

const namePrefix = '__Host-nexora_oauth_';
/** Visits to providers that one browser may have open; the oldest gives way. */
const transactionsMax = 5;

/**
 * Sets the cookie of a transaction: one of its own for each, so that two tabs do not undo each other. Where the provider
 * posts its answer from its own site, the browser sends no cookie that is `Lax` (CKE-07).
 * @param header the cookies that the browser has
 */
export function setTransactionCookie(
  headers: Headers,
  { state, sealed }: StartedTransaction,
  responseMode: 'query' | 'form_post',
  header: string | null,
): void {
  const sameSite = responseMode === 'form_post' ? 'None' : 'Lax';
  // Browsers send the older ones first (RFC 6265 section 5.4).
  const names = cookieNames(header, namePrefix);
  for (const name of names.slice(0, Math.max(0, names.length - transactionsMax + 1)))
    headers.append('Set-Cookie', expiredHostCookie(name));
  headers.append('Set-Cookie', hostCookie(nameOf(state), sealed, transactionTtlSeconds, sameSite));
}

/** The cookie of the transaction with this state; null for none. */
export function readTransactionCookie(header: string | null, state: string): StartedTransaction | null {
  const sealed = readCookie(header, nameOf(state));
  return sealed === null ? null : { state, sealed };
}

/** Clears the cookie of a transaction, which ends once. */
export function clearTransactionCookie(headers: Headers, state: string): void {
  headers.append('Set-Cookie', expiredHostCookie(nameOf(state)));
}

/** The cookie's name has a part of the state that is random: by then it is a token of ours. */
function nameOf(state: string): `__Host-${string}` {
  return `${namePrefix}${state.slice(4, 12)}`;
}
