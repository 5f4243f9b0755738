import { decodeJwt } from 'jose';
import {
  AuthorizationResponseError,
  type AuthorizationServer,
  authorizationCodeGrantRequest,
  processAuthorizationCodeResponse,
  processUserInfoResponse,
  type TokenEndpointResponse,
  userInfoRequest,
  validateAuthResponse,
} from 'oauth4webapi';
import type { GivenToken } from '../apple-token/kept-token.ts';
import type { ProviderClient } from '../outbound/provider-client.ts';
import { ProviderError } from '../outbound/provider-error.ts';
import { checkIdToken, subjectOf } from './id-token.ts';
import { textOf } from './open-id-claims.ts';
import type { IdTokenClaims, Provider, ProviderProfile } from './provider.ts';

/** What came back from a provider, and what it must agree with. */
export interface AuthorizationResponse {
  /** The parameters `code`, `state`, `iss` and `error` as they came, and nothing else. */
  readonly parameters: URLSearchParams;
  /** What else came, of which only a name is taken. */
  readonly form: Readonly<Record<string, string>>;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly redirectUri: string;
  readonly nowMs: number;
}

/** A profile, with the refresh token where the provider gave one. */
export interface ReadProfile {
  readonly profile: ProviderProfile;
  readonly given: GivenToken | null;
}

/** Somebody said no at the provider. */
export class AccessDenied extends Error {
  override readonly name = 'AccessDenied';
}

/**
 * Redeems the code of an authorization response, and returns who has signed in at the provider. The issuer of the response is
 * checked before anything is sent there (RFC 9207), the ID token in full, and the subject of the userinfo against it.
 * @throws ProviderError
 * @throws AccessDenied
 */
export async function readProfile(
  provider: Provider,
  client: ProviderClient,
  response: AuthorizationResponse,
): Promise<ReadProfile> {
  try {
    return await redeem(provider, client, response);
  } catch (error) {
    if (error instanceof ProviderError || error instanceof AccessDenied) throw error;
    if (error instanceof AuthorizationResponseError) throw refusalOf(error.error);
    // The messages and codes of the library name what is wrong, and hold nothing that was received.
    throw new ProviderError(
      error instanceof Error ? error.message : 'the answer of the provider was refused',
    );
  }
}

async function redeem(
  provider: Provider,
  client: ProviderClient,
  { parameters, form, state, nonce, verifier, redirectUri, nowMs }: AuthorizationResponse,
): Promise<ReadProfile> {
  const server = await provider.server(client);
  const { clientId } = provider;
  const us = { client_id: clientId };
  const validated = validateAuthResponse(issuingServer(provider, server, parameters), us, parameters, state);
  const authentication = await provider.authentication(server, nowMs, clientId);
  const { options } = client;
  const answer = await authorizationCodeGrantRequest(
    server,
    us,
    authentication,
    validated,
    redirectUri,
    verifier,
    options,
  );
  if (provider.fetchProfile !== undefined) {
    const tokens = await processAuthorizationCodeResponse(server, us, answer);
    const fetched = await provider.fetchProfile(tokens, client);
    const subject = subjectOf(fetched.subject);
    return { profile: { ...fetched, subject, issuer: server.issuer, authTime: null }, given: null };
  }
  const named = await tenantServer(provider, server, answer);
  const tokens = await processAuthorizationCodeResponse(named, us, answer, {
    expectedNonce: nonce,
    requireIdToken: true,
  });
  const claims = await checkIdToken(provider, server, client, {
    token: tokens.id_token ?? '',
    audiences: [clientId],
    isNonce: (value) => value === nonce,
    nowMs,
  });
  // Of one that is many issuers, the response must be of the one that has signed in.
  if ((parameters.get('iss') || claims.iss) !== claims.iss && provider.issuerOf !== undefined)
    throw new ProviderError('the answer of the provider is of another issuer');
  const completed = await withUserInfo(server, client, us, tokens, claims);
  const profile = { ...provider.profileOf(completed, form), issuer: claims.iss, subject: claims.sub };
  const { refresh_token: refreshToken } = tokens;
  return { profile, given: refreshToken === undefined ? null : { refreshToken, clientId } };
}

/**
 * The server by which the issuer of the response is checked. One that is many issuers has the name of one of them in it,
 * which the ID token must bear as well.
 */
function issuingServer(
  provider: Provider,
  server: AuthorizationServer,
  parameters: URLSearchParams,
): AuthorizationServer {
  const issuer = parameters.get('iss');
  if (provider.issuerOf === undefined || issuer === null) return server;
  const tid = issuer.split('/')[3];
  const named = provider.issuerOf({ tid });
  return named === null ? server : { ...server, issuer: named };
}

/** The server with the issuer that the ID token of this answer must have. */
async function tenantServer(
  provider: Provider,
  server: AuthorizationServer,
  answer: Response,
): Promise<AuthorizationServer> {
  if (provider.issuerOf === undefined) return server;
  const { id_token: token } = Object(
    await answer
      .clone()
      .json()
      .catch(() => null),
  );
  const issuer = typeof token === 'string' ? provider.issuerOf(decodeClaims(token)) : null;
  return issuer === null ? server : { ...server, issuer };
}

/** Asks for the userinfo where the ID token has no address; it must be about the same subject (OAU-07). */
async function withUserInfo(
  server: AuthorizationServer,
  { options }: ProviderClient,
  us: { readonly client_id: string },
  { access_token: accessToken }: TokenEndpointResponse,
  claims: IdTokenClaims,
): Promise<IdTokenClaims> {
  if (textOf(claims.email) !== null || server.userinfo_endpoint === undefined) return claims;
  const answer = await userInfoRequest(server, us, accessToken, options);
  const { email, email_verified, name } = await processUserInfoResponse(server, us, claims.sub, answer);
  return { ...claims, email, email_verified, name: name ?? claims.name };
}

function refusalOf(error: string): Error {
  const isDenied = [
    'access_denied',
    'user_cancelled_authorize',
    'user_cancelled_login',
    'consent_required',
  ].includes(error);
  return isDenied ? new AccessDenied() : new ProviderError('the provider answered with an error');
}

function decodeClaims(token: string): Readonly<Record<string, unknown>> {
  try {
    return Object(decodeJwt(token));
  } catch {
    return {};
  }
}
