import type { Deps } from '../../../deps.ts';
import { createOneTimeToken } from '../../one-time-tokens/index.ts';
import { prepareOpening, type SignInSettings } from '../../sign-in/index.ts';
import type { Entry } from './entry.ts';

/** How services read that somebody else has authenticated the user. RFC 8176 has no value for it; others say so too. */
const federatedAmr = ['fed'];

/**
 * Prepares what an identity opens for this client.
 * @param codeChallenge of the app that fetches the tokens; null where the session begins at once
 */
export async function prepareEntry(
  deps: Deps,
  settings: SignInSettings,
  providerId: string,
  codeChallenge: string | null,
): Promise<Omit<Entry, 'consumed'>> {
  const proof = { method: providerId, amr: federatedAmr, isSecondStep: false };
  const opening = await prepareOpening(deps, settings, proof);
  if (codeChallenge === null) return { opening, code: null };
  return { opening, code: { token: createOneTimeToken(deps.keyring, 'oauth_code'), codeChallenge } };
}
