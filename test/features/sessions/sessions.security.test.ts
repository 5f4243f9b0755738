import { describe, expect, test } from 'vitest';
import { decodeBase64Url } from '../../../src/crypto/base64url.ts';
import { encodeRefreshToken } from '../../../src/features/sessions/refresh-token.ts';
import { freshEmail, logIn, password, registration } from '../../support/accounts.ts';
import { authCookies, TestClient } from '../../support/client.ts';
import { dumpRows } from '../two-factor/calls.ts';
import {
  accessCookie,
  ageRotations,
  claimsOf,
  insertLegacySession,
  keyringOf,
  refreshBy,
  refreshByBody,
  refreshByCookie,
  refreshCookie,
  sessionRow,
  signedInBy,
  signIn,
  successorIn,
} from './session-fixtures.ts';

describe('the secrets of a session', () => {
  const client = new TestClient();

  test('never repeat in ten thousand, and are 53 bytes of which 32 are a MAC (SES-01)', () => {
    const tokens = new Set<string>();
    const macs = new Set<string>();
    const lengths = new Set<number | undefined>();
    const keyring = keyringOf(client);
    for (let index = 0; index < 10_000; index++) {
      const sessionId = crypto.randomUUID();
      const transport = index % 2 === 0 ? 'cookie' : 'body';
      const token = encodeRefreshToken(keyring, { sessionId, transport, counter: index % 7 });
      const bytes = decodeBase64Url(token.slice('nxr_'.length));
      lengths.add(bytes?.length);
      tokens.add(token);
      macs.add(String(bytes?.slice(-32)));
    }
    expect(tokens.size).toBe(10_000);
    expect(macs.size).toBe(10_000);
    expect([...lengths]).toEqual([16 + 1 + 4 + 32]);
  });

  test('are none of the ids that the API shows or the database holds (SES-01)', async () => {
    const { accessToken, userId, sessionId } = await signIn(client);
    const { json } = await client.get('/api/auth/me', { bearer: accessToken });
    const ids = [userId, sessionId, json.session.id, claimsOf(accessToken).jti as string];
    for (const id of ids) {
      for (const token of [id, `nxr_${id}`, id.replaceAll('-', '')]) {
        expect((await client.get('/api/auth/me', { bearer: token })).status).toBe(401);
        expect((await client.get('/api/auth/me', { cookies: { [accessCookie]: token } })).status).toBe(401);
        for (const transport of ['cookie', 'body'] as const) {
          expect((await refreshBy(transport, client, token)).json.code).toBe('session_expired');
        }
      }
    }
    expect(await sessionRow(sessionId)).not.toBeNull();
  });

  test('of two sign-ins are different in every part (SES-01)', async () => {
    const one = await signIn(client);
    const two = signedInBy(await logIn(client, one.email));
    const parts = [one, two].flatMap(({ sessionId, accessToken, bodyToken, cookieToken }) => [
      sessionId,
      accessToken,
      bodyToken,
      cookieToken,
      claimsOf(accessToken).jti,
    ]);
    expect(new Set(parts).size).toBe(10);
  });
});

describe('signing in', () => {
  const client = new TestClient();

  test('never adopts what the browser brought: ids and tokens are new (SES-03)', async () => {
    const victim = await signIn(client);
    const attacker = await signIn(client);
    const brought: Readonly<Record<string, string>>[] = [
      { [accessCookie]: attacker.accessToken, [refreshCookie]: attacker.cookieToken },
      { [accessCookie]: 'self-chosen', [refreshCookie]: 'nxr_self-chosen' },
      { [accessCookie]: victim.accessToken, [refreshCookie]: victim.cookieToken },
    ];
    for (const cookies of brought) {
      const body = { email: victim.email, password };
      const answer = await client.post('/api/auth/login', body, { cookies });
      expect(answer.status).toBe(200);
      const fresh = signedInBy(answer);
      expect(fresh.userId).toBe(victim.userId);
      expect([victim.sessionId, attacker.sessionId]).not.toContain(fresh.sessionId);
      for (const [name, value] of Object.entries(authCookies(answer))) {
        expect(value).not.toBe('');
        expect(value).not.toBe(cookies[name]);
      }
    }
    const attackers = await client.get('/api/auth/me', { bearer: attacker.accessToken });
    expect(attackers.json.user.id).toBe(attacker.userId);
  });

  test('by register is no different (SES-03)', async () => {
    const attacker = await signIn(client);
    const cookies = { [accessCookie]: attacker.accessToken, [refreshCookie]: attacker.cookieToken };
    const fresh = signedInBy(
      await client.post('/api/auth/register', registration(freshEmail()), { cookies }),
    );
    expect(fresh.userId).not.toBe(attacker.userId);
    expect(fresh.sessionId).not.toBe(attacker.sessionId);
    expect((await sessionRow(attacker.sessionId))?.user_id).toBe(attacker.userId);
  });
});

test('a copy of the database holds no token and no password that any client has seen, in no spelling (SES-02)', async () => {
  const client = new TestClient();
  const seen = new Set<string>([password]);
  const signedIn = await signIn(client);
  const second = signedInBy(await logIn(client, signedIn.email));
  for (const { accessToken, bodyToken, cookieToken } of [signedIn, second]) {
    for (const token of [accessToken, bodyToken, cookieToken]) seen.add(token);
    for (const [transport, token] of [
      ['body', bodyToken],
      ['cookie', cookieToken],
    ] as const) {
      const answer = await refreshBy(transport, client, token);
      seen.add(answer.json.accessToken);
      seen.add(successorIn(transport, answer) ?? '');
    }
  }
  const legacyTokens = ['earlier token, used', 'earlier token, unused', 'back\\slash'];
  for (const token of legacyTokens) {
    seen.add(token);
    await insertLegacySession(signedIn.userId, token);
  }
  const upgraded = await refreshByBody(client, 'earlier token, used');
  seen.add(upgraded.json.accessToken);
  seen.add(upgraded.json.refreshToken);
  await ageRotations(second.sessionId, 31);
  expect((await refreshByCookie(client, second.cookieToken)).json.code).toBe('refresh_token_reused');
  await client.call('PATCH', '/api/auth/me', { bearer: signedIn.accessToken, body: { locale: 'de-CH' } });

  const dump = await dumpRows(client);
  for (const text of [signedIn.email, signedIn.sessionId, 'authn_token_reuse']) expect(dump).toContain(text);
  expect(seen.size).toBe(1 + 3 * 2 + 2 * 4 + 3 + 2);
  for (const secret of seen)
    for (const spelling of spellingsOf(secret)) expect(dump.includes(spelling), spelling).toBe(false);
});

/** How a secret could stand in a dump: as it is, escaped, encoded, or by the part that proves it. */
function spellingsOf(secret: string): string[] {
  const bytes = new TextEncoder().encode(secret);
  const inner = secret.startsWith('nxr_') ? decodeBase64Url(secret.slice('nxr_'.length))!.slice(-32) : bytes;
  const proof = secret.split('.').at(-1) ?? secret;
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    proof,
    hexOf(bytes),
    hexOf(inner),
    base64Of(bytes),
    base64Of(inner),
  ];
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function base64Of(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll('=', '');
}
