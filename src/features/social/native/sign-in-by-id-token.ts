import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Deps } from '../../../deps.ts';
import { AuthError, commonErrors } from '../../../errors.ts';
import type { Challenge, SignIn, SignInSettings } from '../../sign-in/index.ts';
import { type SocialSignInInput, signInByProfile } from '../entry/sign-in-by-profile.ts';
import { socialErrors } from '../errors.ts';
import { createProviderClient } from '../outbound/provider-client.ts';
import { IdTokenRefused } from '../outbound/provider-error.ts';
import { providerFailure } from '../provider-failure.ts';
import { checkIdToken, type IdTokenCheck } from '../providers/id-token.ts';
import type { Provider } from '../providers/provider.ts';
import { redeemNativeCode } from './redeem-native-code.ts';

/** What a native app got of the provider's own sign-in. */
export interface IdTokenInput {
  readonly provider: Provider;
  readonly idToken: string;
  /** What the app drew: the token has it, or its SHA-256, as the provider does it. */
  readonly nonce: string;
  /** What Apple told the app, and nobody else. */
  readonly name?: string | undefined;
  /** Of Apple as well: its refresh token is what a deletion of the account revokes. */
  readonly authorizationCode?: string | undefined;
  readonly settings: SignInSettings;
}

/** An ID token is for a sign-in that has just happened. */
const maxAgeSeconds = 600;

/**
 * Signs in by an ID token that a native app got of the provider. Each counts once, and one that was used is refused before
 * the code that came with it is redeemed. Round trips: 2; 1 for one that was used, 0 for one that was refused.
 * @throws AuthError not_found for a provider without native sign-in
 * @throws AuthError id_token_invalid, provider_error
 * @throws AuthError as `signInByProfile`
 */
export async function signInByIdToken(deps: Deps, input: IdTokenInput): Promise<SignIn | Challenge> {
  const { provider, idToken, name, settings } = input;
  if (provider.nativeClientIds.length === 0) throw commonErrors.not_found();
  const { profile, given } = await readToken(deps, input);
  // What was signed, in place of the state that a browser would have brought. The text of the signature can be varied: its
  // last letter has bits that decoders ignore (RFC 4648 section 3.5).
  const signed = idToken.slice(0, idToken.lastIndexOf('.'));
  const hash = bytesToHex(sha256(new TextEncoder().encode(signed)));
  const signIn = await signInByProfile(deps, {
    ...{ provider, given, settings, codeChallenge: null },
    profile: { ...profile, name: name ?? profile.name },
    consumed: { kind: 'oauth_state', hash, ttlSeconds: 2 * maxAgeSeconds },
  }).catch((error: unknown) => {
    throw isConsumed(error) ? socialErrors.id_token_invalid() : error;
  });
  if (signIn.outcome === 'code') throw new TypeError('nobody asked for a code');
  return signIn;
}

/** Checks the token; the code that came with it is redeemed when `given` is asked. */
async function readToken(
  deps: Deps,
  input: IdTokenInput,
): Promise<Pick<SocialSignInInput, 'profile' | 'given'>> {
  const { provider, authorizationCode: code } = input;
  const nowMs = deps.now();
  const client = createProviderClient(deps.config.isDevelopment);
  try {
    const server = await provider.server(client);
    const claims = await checkIdToken(provider, server, client, idTokenCheck(input, nowMs));
    const profile = { ...provider.profileOf(claims, {}), issuer: claims.iss, subject: claims.sub };
    if (code === undefined || provider.hasRevocableToken !== true) return { profile, given: null };
    const app = { provider, server, client, clientId: claims.client, nowMs };
    const given = () =>
      redeemNativeCode(app, code).catch((error: unknown) => {
        throw providerFailure(provider, error);
      });
    return { profile, given };
  } catch (error) {
    throw error instanceof IdTokenRefused
      ? socialErrors.id_token_invalid()
      : providerFailure(provider, error);
  }
}

function idTokenCheck({ provider, idToken, nonce }: IdTokenInput, nowMs: number): IdTokenCheck {
  const expected = provider.isNativeNonceHashed ? bytesToHex(sha256(new TextEncoder().encode(nonce))) : nonce;
  return {
    token: idToken,
    audiences: provider.nativeClientIds,
    isNonce: (value) => value === expected,
    ...{ nowMs, maxAgeSeconds },
  };
}

function isConsumed(error: unknown): boolean {
  return error instanceof AuthError && error.code === 'transaction_invalid';
}
