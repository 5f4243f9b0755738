import { beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { sql } from '../../../src/db/sql.ts';
import { insertAccount } from '../../contract/insert-account.ts';
import { type Account, exampleCall, exampleOf, registeredRoutes } from '../../contract/route-table.ts';
import { logIn } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { query } from '../../support/database.ts';
import {
  accessCookie,
  ageRotations,
  refreshByBody,
  refreshByCookie,
  refreshCookie,
  type SignedIn,
  sessionRow,
  signedInBy,
  signIn,
} from './session-fixtures.ts';

const client = new TestClient();
let first: Account;

beforeAll(async () => {
  first = await insertAccount(client);
});

/** Every route that wants an access token, later ones too. */
const routes = registeredRoutes.filter((key) => exampleOf(key).credential === 'access-token');

const endings: readonly [string, (signedIn: SignedIn) => Promise<unknown>][] = [
  ['signed out', ({ bodyToken }) => client.post('/api/auth/logout', { refreshToken: bodyToken })],
  [
    'its refresh token was reused',
    async ({ bodyToken, sessionId }) => {
      await refreshByBody(client, bodyToken);
      await ageRotations(sessionId, 31);
      await refreshByBody(client, bodyToken);
    },
  ],
  [
    'its end has come',
    ({ sessionId }) => query(sql`UPDATE sessions SET expires_at = now() WHERE id = ${sessionId}::uuid`),
  ],
  [
    'its user was banned',
    ({ userId }) => query(sql`UPDATE users SET banned_at = now() WHERE id = ${userId}::uuid`),
  ],
  ['its user was deleted', ({ userId }) => query(sql`DELETE FROM users WHERE id = ${userId}::uuid`)],
];

test('every route that is guarded by a session is tried here', () => {
  const guarded = createApp().serves.filter(({ guard }) => guard === 'session');
  expect(routes).toEqual(guarded.map(({ method, path }) => `${method} ${path}`));
});

describe.each(endings)('once a session has ended (%s)', (_name, end) => {
  let signedIn: SignedIn;
  /** With what the routes need besides, of which nothing is ever consumed. */
  let ended: Account;

  beforeAll(async () => {
    signedIn = await signIn(client);
    const { accessToken, bodyToken: refreshToken, cookieToken } = signedIn;
    // Has been verified, and is remembered as that.
    expect((await client.get('/api/auth/me', { bearer: accessToken })).status).toBe(200);
    await end(signedIn);
    const cookies = { [accessCookie]: accessToken, [refreshCookie]: cookieToken };
    const caller = { ...signedIn, refreshToken, cookies };
    const [twoFactor, social] = [
      { ...first.twoFactor, ...caller },
      { ...first.social, ...caller },
    ];
    ended = { ...first, ...caller, twoFactor, social, passwordless: caller };
  });

  test.each(routes)('%s is 401 at once, in one round trip (SES-04, SES-16)', async (key) => {
    for (const by of ['bearer', 'cookie'] as const) {
      const answer = await client.call(...exampleCall(key, ended, by));
      expect(answer).toMatchObject({ status: 401, roundTrips: 1, setCookies: [] });
      expect(answer.json.code).toBe('unauthenticated');
      expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer');
    }
  });

  test('neither transport refreshes any more (SES-04, SES-16)', async () => {
    for (const answer of [
      await refreshByBody(client, signedIn.bodyToken),
      await refreshByCookie(client, signedIn.cookieToken),
    ]) {
      expect(answer).toMatchObject({ status: 401, roundTrips: 1, setCookies: [] });
      expect(answer.json.code).toBe('session_expired');
    }
  });
});

describe('a banned user', () => {
  test('is out in every session, stale tokens are not taken for theft, and a logout goes on (SES-16)', async () => {
    const signedIn = await signIn(client);
    const elsewhere = signedInBy(await logIn(client, signedIn.email));
    await refreshByBody(client, signedIn.bodyToken);
    await ageRotations(signedIn.sessionId, 31);
    await query(sql`UPDATE users SET banned_at = now() WHERE id = ${signedIn.userId}::uuid`);
    expect((await refreshByBody(client, signedIn.bodyToken)).json.code).toBe('session_expired');
    expect((await refreshByBody(client, elsewhere.bodyToken)).json.code).toBe('session_expired');
    expect((await client.get('/api/auth/me', { bearer: elsewhere.accessToken })).status).toBe(401);
    const logout = await client.post('/api/auth/logout', { refreshToken: elsewhere.bodyToken });
    expect(logout.status).toBe(200);
    expect(await sessionRow(elsewhere.sessionId)).toBeNull();
  });

  test('is told the same as one whose session has ended', async () => {
    const [banned, gone] = [await signIn(client), await signIn(client)];
    await query(sql`UPDATE users SET banned_at = now() WHERE id = ${banned.userId}::uuid`);
    await query(sql`DELETE FROM sessions WHERE id = ${gone.sessionId}::uuid`);
    const withoutId = (text: string) => text.replace(/"requestId":"[^"]+"/, '');
    const [me, meOfGone] = [
      await client.get('/api/auth/me', { bearer: banned.accessToken }),
      await client.get('/api/auth/me', { bearer: gone.accessToken }),
    ];
    expect(withoutId(me.text)).toBe(withoutId(meOfGone.text));
    const refreshed = await refreshByBody(client, banned.bodyToken);
    expect(withoutId(refreshed.text)).toBe(withoutId((await refreshByBody(client, gone.bodyToken)).text));
  });

  test('is back with the session that is left once the ban is lifted', async () => {
    const { accessToken: bearer, userId } = await signIn(client);
    await query(sql`UPDATE users SET banned_at = now() WHERE id = ${userId}::uuid`);
    await query(sql`UPDATE users SET banned_at = NULL WHERE id = ${userId}::uuid`);
    expect((await client.get('/api/auth/me', { bearer })).status).toBe(200);
  });
});
