import { importPKCS8, SignJWT } from 'jose';
import { ClientSecretPost } from 'oauth4webapi';
import { openIdProfile, textOf } from './open-id-claims.ts';
import type { Provider } from './provider.ts';

const issuer = 'https://appleid.apple.com';
/** The secret is made for one request, and lives as long as that may take. Apple allows six months. */
const secretTtlSeconds = 300;

const server = {
  issuer,
  authorization_endpoint: `${issuer}/auth/authorize`,
  token_endpoint: `${issuer}/auth/token`,
  revocation_endpoint: `${issuer}/auth/revoke`,
  jwks_uri: `${issuer}/auth/keys`,
};

/** What a client secret is made of. */
export interface AppleCredentials {
  readonly clientIds: readonly [string, ...string[]];
  readonly teamId: string;
  readonly keyId: string;
  /** PKCS #8 in PEM. */
  readonly privateKey: string;
}

/**
 * Sign in with Apple. Since it asks for the address, Apple sends people back by a POST across sites (`form_post`). It tells
 * the name once, in a field beside the code that the browser brings; booleans in its tokens may be texts.
 */
export function apple(credentials: AppleCredentials): Provider {
  const [clientId, ...apps] = credentials.clientIds;
  return {
    id: 'apple',
    name: 'Apple',
    clientId,
    nativeClientIds: [clientId, ...apps],
    // The app draws the nonce and gives Apple its hash, so that whoever sees the token does not have it.
    isNativeNonceHashed: true,
    scope: 'openid email name',
    responseMode: 'form_post',
    isTrusted: true,
    allowsRegistration: true,
    hasRevocableToken: true,
    server: async () => server,
    authentication: async (_server, nowMs, subject) =>
      ClientSecretPost(await clientSecret(credentials, nowMs, subject)),
    profileOf: (claims, { user }) => ({
      ...openIdProfile(claims),
      isEmailVerified: claims.email_verified === true || claims.email_verified === 'true',
      name: nameOf(user),
    }),
  };
}

/** The client secret: a JWT that the team signs (https://developer.apple.com, "Creating a client secret"). */
async function clientSecret(
  { teamId, keyId, privateKey }: AppleCredentials,
  nowMs: number,
  clientId: string,
): Promise<string> {
  const issuedAt = Math.floor(nowMs / 1000);
  return new SignJWT()
    .setProtectedHeader({ alg: 'ES256', kid: keyId })
    .setIssuer(teamId)
    .setSubject(clientId)
    .setAudience(issuer)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + secretTtlSeconds)
    .sign(await importPKCS8(privateKey, 'ES256'));
}

/** `{"name":{"firstName":"...","lastName":"..."}}`, which the browser could have changed: it names nobody but its user. */
function nameOf(user: string | undefined): string | null {
  try {
    const { name } = Object(JSON.parse(user ?? 'null'));
    const parts = [textOf(Object(name).firstName), textOf(Object(name).lastName)];
    return textOf(parts.filter((part) => part !== null).join(' '));
  } catch {
    return null;
  }
}
