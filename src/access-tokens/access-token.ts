import { type JWTHeaderParameters, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { JOSEError, JWSInvalid } from 'jose/errors';
import { jwkShapes } from '../crypto/jwk-shape.ts';
import type { SigningKeySet } from '../crypto/signing-keys.ts';

/** The settings that all access tokens of this deployment share. */
export interface AccessTokenSettings {
  readonly issuer: string;
  readonly audience: string;
  readonly ttlSeconds: number;
}

/** The claims of an access token. */
export interface AccessTokenClaims {
  readonly userId: string;
  readonly sessionId: string;
  /** When the user authenticated, in seconds since the epoch (OpenID Connect Core section 2). */
  readonly authTime: number;
  /** How they authenticated (RFC 8176). */
  readonly amr: readonly string[];
  /** Set for the demo user alone; a verifier has to ask for such tokens. */
  readonly demo?: true;
}

/** A valid access token: what it says, and when it says so, in seconds since the epoch and without the tolerance. */
export interface VerifiedToken {
  readonly claims: AccessTokenClaims;
  readonly validFrom: number;
  readonly validUntil: number;
}

/** How far the clocks of two services may differ. */
export const clockToleranceSeconds = 30;

const tokenType = 'at+jwt';
const tokenLengthMax = 4096;
// jose ignores white space and padding in the signature.
const compactJws = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;
const requiredClaims = ['iss', 'aud', 'sub', 'sid', 'iat', 'exp', 'jti', 'auth_time', 'amr'];
const algorithms = Object.keys(jwkShapes);

/**
 * Signs an access token (RFC 9068) that is valid for `ttlSeconds` from now. It contains no personal data. The token
 * of a demo user says `demo: true`, so that every consumer can refuse it (DEM-06).
 */
export async function signAccessToken(
  keySet: SigningKeySet,
  settings: AccessTokenSettings,
  claims: AccessTokenClaims,
  nowMs: number,
): Promise<string> {
  const issuedAt = Math.floor(nowMs / 1000);
  const { sessionId, authTime, amr, demo } = claims;
  return new SignJWT({
    ...{ sid: sessionId, auth_time: authTime, acr: contextOf(amr), amr: [...amr] },
    ...(demo && { demo }),
  })
    .setProtectedHeader({ alg: keySet.signing.alg, typ: tokenType, kid: keySet.signing.kid })
    .setIssuer(settings.issuer)
    .setAudience(settings.audience)
    .setSubject(claims.userId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + settings.ttlSeconds)
    .setJti(crypto.randomUUID())
    .sign(keySet.signing.privateKey);
}

/**
 * Verifies an access token and returns its claims, or `null` without telling why. With `ignoreExpiry` (logout) an
 * expired token is accepted, with all other checks in place. With `demo` only tokens of a demo user are accepted,
 * whose `userId` may be any text; without it none of them is.
 *
 * The key is chosen by `kid` among the configured ones alone; `alg` must match that key; `jku`, `jwk` and `x5u` are
 * ignored (RFC 8725 sections 3.1 and 3.10). Clocks may differ by 30 s. Never throws for any text.
 */
export async function verifyAccessToken(
  keySet: SigningKeySet,
  settings: AccessTokenSettings,
  token: string,
  nowMs: number,
  options: VerifyOptions = {},
): Promise<AccessTokenClaims | null> {
  return (await verifyTimedToken(keySet, settings, token, nowMs, options))?.claims ?? null;
}

interface VerifyOptions {
  readonly ignoreExpiry?: boolean;
  readonly demo?: boolean;
}

/** Verifies an access token as `verifyAccessToken` does, and returns the times between which it is valid as well. */
export async function verifyTimedToken(
  keySet: SigningKeySet,
  settings: AccessTokenSettings,
  token: string,
  nowMs: number,
  options: VerifyOptions = {},
): Promise<VerifiedToken | null> {
  if (token.length > tokenLengthMax || !compactJws.test(token)) return null;
  const limits = options.ignoreExpiry
    ? { clockTolerance: Number.MAX_SAFE_INTEGER }
    : { clockTolerance: clockToleranceSeconds, maxTokenAge: settings.ttlSeconds };
  try {
    const { payload } = await jwtVerify(token, (header) => verificationKey(keySet, header), {
      ...limits,
      algorithms,
      typ: tokenType,
      issuer: settings.issuer,
      audience: settings.audience,
      requiredClaims,
      currentDate: new Date(nowMs),
    });
    const verified = readClaims(payload, settings, nowMs / 1000);
    return (verified?.claims.demo ?? false) === (options.demo ?? false) ? verified : null;
  } catch (error) {
    // An invalid token. Anything else is a bug of ours and must not look like one.
    if (error instanceof JOSEError) return null;
    throw error;
  }
}

/** How strongly they authenticated: `aal2` by a second factor, else `aal1` (RFC 9068 section 2.2.1, NIST SP 800-63B). */
function contextOf(amr: readonly string[]): string {
  return amr.includes('mfa') ? 'aal2' : 'aal1';
}

function verificationKey(keySet: SigningKeySet, header: JWTHeaderParameters): CryptoKey {
  const key = typeof header.kid === 'string' ? keySet.byId.get(header.kid) : undefined;
  // We never set headers that change how a token is read; jose itself refuses every `crit` but b64.
  const isPlain = !('b64' in header || 'zip' in header);
  if (key === undefined || header.alg !== key.alg || !isPlain) throw new JWSInvalid();
  return key.publicKey;
}

/** The checks that jose does not make: a single audience, whole seconds, our ids, and the types of our own claims. */
function readClaims(
  payload: JWTPayload,
  settings: AccessTokenSettings,
  nowSeconds: number,
): VerifiedToken | null {
  const { aud, sub, sid, iat, exp, nbf = 0, jti, auth_time: authTime, amr, demo } = payload;
  if (aud !== settings.audience || !isText(jti)) return null;
  if (!isEpochSeconds(iat) || !isEpochSeconds(exp) || !isEpochSeconds(nbf)) return null;
  const times = { validFrom: Math.max(iat, nbf), validUntil: Math.min(exp, iat + settings.ttlSeconds) };
  // With the expiry, jose's check of the earlier one is off as well.
  if (times.validFrom > nowSeconds + clockToleranceSeconds) return null;
  if (!isUuid(sid) || !isEpochSeconds(authTime) || !isStrings(amr)) return null;
  const claims = { sessionId: sid, authTime, amr };
  if (demo === true && isText(sub)) return { claims: { userId: sub, ...claims, demo }, ...times };
  return demo === undefined && isUuid(sub) ? { claims: { userId: sub, ...claims }, ...times } : null;
}

function isEpochSeconds(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isUuid(value: unknown): value is string {
  return typeof value === 'string' && uuid.test(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((member) => typeof member === 'string');
}
