import { decodeJwt, type JWTHeaderParameters, type JWTPayload, jwtVerify } from 'jose';
import { JOSEError } from 'jose/errors';
import type { AuthorizationServer } from 'oauth4webapi';
import type { ProviderClient } from '../outbound/provider-client.ts';
import { IdTokenRefused } from '../outbound/provider-error.ts';
import { providerKeys } from '../outbound/provider-keys.ts';
import type { IdTokenClaims, Provider } from './provider.ts';

const tokenLengthMax = 16_384;
const compactJws = /^[\w-]+\.[\w-]+\.[\w-]+$/;
/** Only signatures that a public key verifies: nobody makes one of the client secret, or of nothing. */
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA', 'RS384', 'RS512', 'ES384', 'ES512', 'PS384', 'PS512'];
const requiredClaims = ['iss', 'sub', 'aud', 'exp', 'iat', 'nonce'];
const clockToleranceSeconds = 60;
const subjectLengthMax = 255;

/** What an ID token is checked against. */
export interface IdTokenCheck {
  readonly token: string;
  /** The clients that it may be meant for: one of them, and if there are several in it, as its authorized party. */
  readonly audiences: readonly string[];
  readonly isNonce: (nonce: unknown) => boolean | Promise<boolean>;
  readonly nowMs: number;
  /** How old it may be, in seconds; undefined for as long as it says. */
  readonly maxAgeSeconds?: number;
}

/**
 * Checks an ID token in full (OpenID Connect Core section 3.1.3.7): signature by a key of the configured issuer, exact
 * issuer, audience, authorized party, times and nonce. The one place for it, whether a provider or an app sends the token.
 * @throws ProviderError when the keys cannot be had
 * @throws IdTokenRefused
 */
export async function checkIdToken(
  provider: Provider,
  server: AuthorizationServer,
  client: ProviderClient,
  { token, audiences, isNonce, nowMs, maxAgeSeconds }: IdTokenCheck,
): Promise<IdTokenClaims> {
  if (token.length > tokenLengthMax || !compactJws.test(token)) throw refused('it is no signed token');
  const { jwks_uri: jwksUri } = server;
  if (jwksUri === undefined) throw refused('the provider has no keys');
  try {
    const issuer = provider.issuerOf === undefined ? server.issuer : provider.issuerOf(decodeJwt(token));
    if (issuer === null) throw refused('it is of another issuer');
    const { payload } = await jwtVerify(token, (header) => keyFor(client, jwksUri, header), {
      issuer,
      audience: [...audiences],
      algorithms,
      requiredClaims,
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(nowMs),
      ...(maxAgeSeconds !== undefined && { maxTokenAge: maxAgeSeconds }),
    });
    return await readClaims(payload, audiences, isNonce, nowMs);
  } catch (error) {
    if (error instanceof JOSEError) throw refused(error.code);
    throw error;
  }
}

async function keyFor(client: ProviderClient, jwksUri: string, header: JWTHeaderParameters) {
  const { find } = await providerKeys(client, jwksUri, header.kid);
  return find(header);
}

/** The checks that jose does not make. */
async function readClaims(
  payload: JWTPayload,
  audiences: readonly string[],
  isNonce: IdTokenCheck['isNonce'],
  nowMs: number,
): Promise<IdTokenClaims> {
  const { iss, sub, aud, azp, iat, nonce } = payload;
  // With several audiences, the one that it was issued to must be us.
  const isForSeveral = Array.isArray(aud) && aud.length > 1;
  if (isForSeveral && !audiences.some((audience) => audience === azp))
    throw refused('it was issued to another client');
  if (typeof iat !== 'number' || iat > nowMs / 1000 + clockToleranceSeconds)
    throw refused('it is from the future');
  if (!(await isNonce(nonce))) throw refused('it has another nonce');
  const client = isForSeveral ? String(azp) : String([aud].flat()[0]);
  return { ...payload, iss: String(iss), sub: subjectOf(sub), client };
}

/**
 * A subject that can name somebody: the text of a missing one never does (OAU-08).
 * @throws IdTokenRefused
 */
export function subjectOf(value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '' || value.length > subjectLengthMax)
    throw refused('it has no subject');
  if (
    !value.isWellFormed() ||
    ['undefined', 'null', 'NaN', '[object Object]'].includes(value) ||
    /\p{Cc}/u.test(value)
  )
    throw refused('it has no subject');
  return value;
}

function refused(why: string): IdTokenRefused {
  return new IdTokenRefused(`the ID token was refused: ${why}`);
}
