import type { AuthorizationServer, ClientAuth, TokenEndpointResponse } from 'oauth4webapi';
import type { ProviderClient } from '../outbound/provider-client.ts';

/** What a provider says about somebody who has signed in there. */
export interface ProviderProfile {
  /** Who says so: with the subject it is the identity, whatever the provider is called here (OAU-08). */
  readonly issuer: string;
  readonly subject: string;
  /** As the provider writes it; null for none. */
  readonly email: string | null;
  /** Whether the provider has verified that address; anything but a plain yes is no (LNK-02). */
  readonly isEmailVerified: boolean;
  readonly name: string | null;
  /** When they authenticated there, in seconds since the epoch; null where the provider does not say. */
  readonly authTime: number | null;
}

/** The claims of an ID token that passed every check (OpenID Connect Core section 3.1.3.7). */
export interface IdTokenClaims {
  readonly iss: string;
  readonly sub: string;
  /** The one of our clients that it is meant for. */
  readonly client: string;
  readonly [name: string]: unknown;
}

/**
 * Providers that do not say when somebody authenticated there, or cannot be asked to do it again: their ids. All others are
 * issuers of OpenID Connect that take `max_age`.
 */
export const silentProviders: readonly string[] = ['google', 'github', 'apple'];

/** An identity provider as it is configured: one small file each. */
export interface Provider {
  /** In paths and in `identities.provider`. */
  readonly id: string;
  /** As people read it. */
  readonly name: string;
  readonly clientId: string;
  /** Clients whose ID tokens count when a native app presents one; empty where none may. */
  readonly nativeClientIds: readonly string[];
  /** Whether its native sign-in puts the SHA-256 of the app's nonce into the token, in hexadecimal, and not the nonce itself. */
  readonly isNativeNonceHashed?: true;
  readonly scope: string;
  /** How it sends people back. */
  readonly responseMode: 'query' | 'form_post';
  /** Whether the addresses that it has verified count as proved. */
  readonly isTrusted: boolean;
  readonly allowsRegistration: boolean;
  /**
   * Its endpoints and issuer.
   * @throws ProviderError when they cannot be had
   */
  readonly server: (client: ProviderClient) => Promise<AuthorizationServer>;
  /** How this service authenticates there, as the client on the web or as one of its apps. */
  readonly authentication: (
    server: AuthorizationServer,
    nowMs: number,
    clientId: string,
  ) => Promise<ClientAuth> | ClientAuth;
  /** The issuer that an ID token must have, where that depends on its claims; null refuses them. */
  readonly issuerOf?: (claims: Readonly<Record<string, unknown>>) => string | null;
  /**
   * Reads the profile: of the claims, or where `fetchProfile` is given with the access token instead.
   * @param form what else came with the callback
   */
  readonly profileOf: (
    claims: IdTokenClaims,
    form: Readonly<Record<string, string>>,
  ) => Omit<ProviderProfile, 'issuer' | 'subject'>;
  /** For a provider without ID tokens. */
  readonly fetchProfile?: (
    tokens: TokenEndpointResponse,
    client: ProviderClient,
  ) => Promise<Omit<ProviderProfile, 'issuer' | 'authTime'>>;
  /** Whether its refresh token is kept, to be revoked when the identity is gone. */
  readonly hasRevocableToken?: true;
}

/** How this service is known at a provider. */
export interface ClientCredentials {
  /** The one on the web first, then those of native apps. */
  readonly clientIds: readonly [string, ...string[]];
  readonly clientSecret: string;
}
