import { calculatePKCECodeChallenge } from 'oauth4webapi';
import { freshClient } from '../../support/accounts.ts';
import type { Answer, TestClient } from '../../support/client.ts';
import { landing } from '../../support/social.ts';
import type { StandInInstructions } from '../../support/stand-in-code.ts';
import { nativeClients, nativeIdToken } from './native-id-token.ts';
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
