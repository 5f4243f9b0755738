import { importJWK, SignJWT } from 'jose';
import { calculatePKCECodeChallenge } from 'oauth4webapi';
import { inject } from 'vitest';
import type { Keyring } from '../../src/crypto/keyring.ts';
import { sql } from '../../src/db/sql.ts';
import { createOneTimeToken, issueToken } from '../../src/features/one-time-tokens/index.ts';
import { setVisitCookie } from '../../src/features/social/visit/answer-visit.ts';
import { randomText, sealVisit } from '../../src/features/social/visit/visit.ts';
import type { Runtime } from '../../src/runtime.ts';
import type { TestClient } from '../support/client.ts';
import { runtimeOf, storeUsers } from '../support/inserted-user.ts';
import { standInCode } from '../support/stand-in-code.ts';
import { type Made, newCaller } from './new-caller.ts';
import type { Caller } from './route-table.ts';

/** A visit to a provider that comes back: the parameters, and the cookie. */
export interface Visit {
  readonly state: string;
  readonly code: string;
  readonly cookies: Readonly<Record<string, string>>;
}

/**
 * Somebody who signs in by a provider, and has a password as well. Two other people are on their way back from a provider,
 * an app waits for the tokens of this account, and another one has an ID token.
 */
export interface SocialAccount extends Caller {
  readonly visits: { readonly google: Visit; readonly apple: Visit };
  readonly appCode: string;
  readonly codeVerifier: string;
  readonly idToken: string;
  readonly nonce: string;
}

/** Stores such an account. */
export async function insertSocialAccount(client: TestClient): Promise<SocialAccount> {
  const { account, statements } = await newSocialAccount(await runtimeOf(client));
  await storeUsers(client, statements, [account.userId]);
  return account;
}

/** Such an account, and the statements that store it: one batch, in this order. */
export async function newSocialAccount(runtime: Runtime): Promise<Made<SocialAccount>> {
  const { keyring } = runtime;
  const proof = { method: 'google', amr: ['fed'], isSecondStep: false };
  const { account: caller, statements } = await newCaller(runtime, { proof, isVerified: true });
  const { userId, email } = caller;
  const [codeVerifier, nonce] = [randomText(), randomText()];
  const code = createOneTimeToken(keyring, 'oauth_code');
  const content = { codeChallenge: await calculatePKCECodeChallenge(codeVerifier), method: 'google' };
  const visits = { google: await newVisit(keyring, 'google'), apple: await newVisit(keyring, 'apple') };
  return {
    account: {
      ...{ ...caller, visits, codeVerifier, nonce },
      ...{ appCode: code.token, idToken: await signIdToken(nonce) },
    },
    statements: [
      ...statements,
      sql`
        INSERT INTO identities (id, user_id, provider, issuer, subject, email, is_email_proved)
        VALUES (gen_random_uuid(), ${userId}::uuid, 'google', 'https://accounts.google.com', ${userId}, ${email}, true),
          (gen_random_uuid(), ${userId}::uuid, 'microsoft', 'https://login.microsoftonline.com/x/v2.0', ${userId}, NULL, false)`,
      issueToken(sql`(SELECT ${userId}::uuid AS user_id, ${email}::text AS email)`, code, {
        ...{ owner: sql`s.user_id`, email: sql`s.email` },
        challenge: sql`${JSON.stringify(content)}::jsonb`,
      }),
    ],
  };
}

/** Somebody whom nobody here knows, on the way back. */
async function newVisit(keyring: Keyring, providerId: 'google' | 'apple'): Promise<Visit> {
  const [nonce, verifier] = [randomText(), randomText()];
  const sealed = await sealVisit(keyring, {
    ...{ providerId, nonce, verifier, startedAt: Math.floor(Date.now() / 1000) },
    ...{ redirectTo: 'https://auth.test/home', purpose: { kind: 'sign_in' } },
  });
  const headers = new Headers();
  setVisitCookie(headers, sealed, providerId === 'apple' ? 'form_post' : 'query', null);
  const [name = '', value = ''] = headers.getSetCookie()[0]?.split(';')[0]?.split('=') ?? [];
  const codeChallenge = await calculatePKCECodeChallenge(verifier);
  const code = standInCode({ nonce, codeChallenge, sub: `sub-${crypto.randomUUID()}`, uses: 1000 });
  return { state: sealed.state, code, cookies: { [name]: value } };
}

// One key for all: importing it takes longer than signing.
let knownKey: Promise<CryptoKey> | undefined;

/** What a native app got of Google. */
async function signIdToken(nonce: string): Promise<string> {
  knownKey ??= importJWK(inject('standInKey'), 'RS256') as Promise<CryptoKey>;
  const sub = `sub-${crypto.randomUUID()}`;
  return new SignJWT({ nonce, email: `${sub}@example.com`, email_verified: true, name: 'Native User' })
    .setProtectedHeader({ alg: 'RS256', kid: String((inject('standInKey') as { kid?: string }).kid) })
    .setIssuer('https://accounts.google.com')
    .setAudience('google-web')
    .setSubject(sub)
    .setIssuedAt()
    .setExpirationTime('10 minutes')
    .sign(await knownKey);
}
