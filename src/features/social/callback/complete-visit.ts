import type { Deps } from '../../../deps.ts';
import type { IssuedTokens } from '../../../joints/issued-tokens.ts';
import type { PresentedDevice } from '../../known-devices/index.ts';
import { oneTimeTokenTtlSeconds, readOneTimeToken } from '../../one-time-tokens/index.ts';
import type { CallerIds } from '../../sessions/index.ts';
import type { Challenge, SignIn } from '../../sign-in/index.ts';
import type { TrustEntry } from '../../trusted-devices/index.ts';
import type { ConsumedOnce } from '../entry/entry.ts';
import { type IssuedCode, signInByProfile } from '../entry/sign-in-by-profile.ts';
import { socialErrors } from '../errors.ts';
import { linkByProfile } from '../link/link-by-profile.ts';
import { createProviderClient } from '../outbound/provider-client.ts';
import { providerFailure } from '../provider-failure.ts';
import { callbackUri } from '../providers/find-provider.ts';
import type { Provider } from '../providers/provider.ts';
import { AccessDenied, type ReadProfile, readProfile } from '../providers/read-profile.ts';
import { renewByProfile } from '../reauthentication/renew-by-profile.ts';
import type { Visit } from '../visit/visit.ts';

/** What a browser brings back from a provider. */
export interface Return {
  readonly provider: Provider;
  readonly state: string;
  /** What its cookie held, opened; null without one that belongs to the state. */
  readonly visit: Visit | null;
  /** The parameters of the protocol, as they came. */
  readonly parameters: URLSearchParams;
  /** What else came. */
  readonly form: Readonly<Record<string, string>>;
  /** Whoever is signed in by the cookie that came along; null where none did. */
  readonly caller: CallerIds | null;
  readonly device: PresentedDevice;
  readonly trusted: readonly TrustEntry[];
}

/** What the visit came to. */
export type Completed =
  | SignIn
  | Challenge
  | IssuedCode
  | { readonly outcome: 'linked' }
  | { readonly outcome: 'reauthenticated'; readonly tokens: IssuedTokens };

/**
 * Ends a visit to a provider, by GET and POST alike: its cookie first, then the provider's answer in full, and what the
 * visit was for. Round trips: 2 at most, but where another request changes the account meanwhile.
 * @throws AuthError transaction_invalid before the provider is asked
 * @throws AuthError access_denied, provider_error
 * @throws AuthError as `signInByProfile`, `linkByProfile` and `renewByProfile`
 */
export async function completeVisit(deps: Deps, arrival: Return): Promise<Completed> {
  const { provider, visit, device, trusted } = arrival;
  const consumed = consumedState(deps, arrival.state);
  if (visit === null || consumed === null || visit.providerId !== provider.id)
    throw socialErrors.transaction_invalid();
  const { purpose } = visit;
  if ('caller' in purpose && !isOwnSession(purpose.caller, arrival.caller))
    throw socialErrors.transaction_invalid();

  const { profile, given } = await askProvider(deps, arrival, visit);
  const returned = { provider, profile, consumed };
  switch (purpose.kind) {
    case 'link':
      await linkByProfile(deps, { ...returned, given, caller: purpose.caller, email: purpose.email });
      return { outcome: 'linked' };
    case 'reauthenticate': {
      const { startedAt } = visit;
      const tokens = await renewByProfile(deps, { ...returned, caller: purpose.caller, startedAt });
      return { outcome: 'reauthenticated', tokens };
    }
    default: {
      const isForApp = purpose.kind === 'sign_in_app';
      const settings = { transport: isForApp ? 'body' : 'cookie', device, trusted } as const;
      const codeChallenge = isForApp ? purpose.codeChallenge : null;
      return signInByProfile(deps, { ...returned, given, settings, codeChallenge });
    }
  }
}

/** The state, if it is a token of ours: then it is stored as used up. */
function consumedState({ keyring }: Deps, state: string): ConsumedOnce | null {
  const token = readOneTimeToken(keyring, ['oauth_state'], state);
  return token === null ? null : { ...token, ttlSeconds: oneTimeTokenTtlSeconds('oauth_state') };
}

/** Whoever is signed in by now must be who began it; a form from another site brings nobody's cookie (LNK-04). */
function isOwnSession(begun: CallerIds, present: CallerIds | null): boolean {
  return present === null || (present.userId === begun.userId && present.sessionId === begun.sessionId);
}

async function askProvider(
  { config, now }: Deps,
  { provider, state, parameters, form }: Return,
  { nonce, verifier }: Visit,
): Promise<ReadProfile> {
  const client = createProviderClient(config.isDevelopment);
  const redirectUri = callbackUri(config, provider);
  try {
    return await readProfile(provider, client, {
      ...{ parameters, form, state, nonce, verifier, redirectUri, nowMs: now() },
    });
  } catch (error) {
    throw error instanceof AccessDenied ? socialErrors.access_denied() : providerFailure(provider, error);
  }
}
