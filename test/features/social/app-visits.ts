import { importPKCS8, SignJWT } from 'jose';
import { calculatePKCECodeChallenge } from 'oauth4webapi';
import { inject } from 'vitest';
import { freshClient } from '../../support/accounts.ts';
import type { Answer, TestClient } from '../../support/client.ts';
import { landing } from '../../support/social.ts';
import { type StandInInstructions, standInCode } from '../../support/stand-in-code.ts';
import { arrive, freshSubject, instructionsFor, type Person } from './people.ts';

/** The providers whose ID tokens a native app may present. */
export type NativeProvider = 'google' | 'apple';

/** Signs in at a provider on a phone, as somebody new there who has this address. */
export async function signInByIdToken(
  client: TestClient,
  provider: NativeProvider,
  email: string,
  members: object = {},
): Promise<Answer> {
  const nonce = crypto.randomUUID();
  const idToken = await idTokenFor(provider, { sub: freshSubject(), email }, nonce);
  const body = { idToken, nonce, ...members };
  return client.post(`/api/auth/oauth/${provider}/id-token`, body, { headers: freshClient() });
}

/** Signs in for an app, as somebody new at GitHub who has this address, and redeems the code. */
export async function signInForApp(client: TestClient, email: string): Promise<Answer> {
  const { verifier: codeVerifier, codeChallenge } = await freshVerifier();
  const query = { transport: 'body', codeChallenge, redirectTo: 'https://app.test/done' };
  const { code } = landing(await arrive(client, 'github', { sub: freshSubject(), email }, { query }));
  return client.post('/api/auth/oauth/token', { code, codeVerifier }, { headers: freshClient() });
}

/** An ID token for the app, as the provider's own sign-in on a phone gives one. */
export async function idTokenFor(
  provider: NativeProvider,
  someone: Person,
  nonce: string | undefined,
  more: Partial<StandInInstructions> = {},
): Promise<string> {
  const said = instructionsFor(provider, someone);
  const claims = { ...said.claims, azp: nativeClients[provider], ...more.claims };
  return nativeIdToken(provider, { ...said, ...(nonce !== undefined && { nonce }), ...more, claims });
}

/** A verifier as apps make them, and its challenge (RFC 7636 section 4). */
export async function freshVerifier() {
  const verifier = `${crypto.randomUUID()}.${crypto.randomUUID()}~`;
  return { verifier, codeChallenge: await calculatePKCECodeChallenge(verifier) };
}

/** A client of a provider with native sign-in, as its app names itself there. */
export const nativeClients = { google: 'google-ios', apple: 'com.example.app' } as const;

/** Where the stand-ins give tokens. */
const tokenPaths = {
  google: '/oauth2.googleapis.com/token',
  apple: '/appleid.apple.com/auth/token',
  microsoft: '/login.microsoftonline.com/common/oauth2/v2.0/token',
} as const;

/** An ID token as the provider's own sign-in gives it to a native app, which draws the nonce and gives Apple its hash. */
export async function nativeIdToken(
  provider: keyof typeof tokenPaths,
  { nonce, ...instructions }: Partial<StandInInstructions> & { readonly sub: string },
  clientId: string = provider === 'microsoft' ? 'microsoft-client' : nativeClients[provider],
): Promise<string> {
  const verifier = 'v'.repeat(43);
  const codeChallenge = await calculatePKCECodeChallenge(verifier);
  const inToken = nonce !== undefined && { nonce: provider === 'apple' ? await hashHex(nonce) : nonce };
  const code = standInCode({ codeChallenge, ...instructions, ...inToken });
  const body = new URLSearchParams({
    ...{ grant_type: 'authorization_code', code },
    ...{ redirect_uri: 'com.example.app:/callback', code_verifier: verifier, client_id: clientId },
    client_secret: provider === 'apple' ? await appleSecret(clientId) : 'secret',
  });
  const response = await fetch(`${inject('standInsUrl')}${tokenPaths[provider]}`, { method: 'POST', body });
  const { id_token: token } = (await response.json()) as { id_token?: string };
  if (token === undefined) throw new Error(`${provider} gave no ID token`);
  return token;
}

async function appleSecret(clientId: string): Promise<string> {
  const { teamId, keyId, privateKey } = inject('appleAccount');
  return new SignJWT()
    .setProtectedHeader({ alg: 'ES256', kid: keyId })
    .setIssuer(teamId)
    .setSubject(clientId)
    .setAudience('https://appleid.apple.com')
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(await importPKCS8(privateKey, 'ES256'));
}

/** SHA-256 in hexadecimal. */
export async function hashHex(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
