import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshClient, freshEmail } from '../../support/accounts.ts';
import { type Answer, cookieValue, type TestClient } from '../../support/client.ts';
import { landing } from '../../support/social.ts';
import { completeChallenge, freshCode, twoFactorUser } from '../../support/two-factor.ts';
import { accessCookie } from '../sessions/session-fixtures.ts';
import { change, databaseOf, eventsOf, kindsTo, trustDevice, verifiedUser } from '../two-factor/calls.ts';
import { freshVerifier } from './app-visits.ts';
import { arrive, freshSubject, type Person, socialClient } from './people.ts';

const redirectTo = 'com.example.app:/signed-in';
const client = socialClient({ APP_REDIRECTS: `${redirectTo}, https://app.example/done` });

const person = (email = freshEmail()) => ({ sub: freshSubject(), email });

/** Signs in for an app, and returns its code with the verifier. */
async function codeOf(someone: Person, provider = 'google', service: TestClient = client) {
  const { verifier: codeVerifier, codeChallenge } = await freshVerifier();
  const query = { transport: 'body', codeChallenge, redirectTo };
  const answer = await arrive(service, provider, someone, { query });
  const { error, code, url, status } = landing(answer);
  expect({ status, error, url }).toEqual({ status: 303, error: null, url: redirectTo });
  return { answer, code: code!, codeVerifier };
}

function redeem(
  { code, codeVerifier }: { readonly code: string; readonly codeVerifier: string },
  members: object = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const body = { code, codeVerifier, ...members };
  return client.post('/api/auth/oauth/token', body, { headers: { ...freshClient(), ...headers } });
}

function expectInvalid(answer: Answer): void {
  expect([answer.status, answer.json.code], answer.text).toEqual([400, 'code_invalid']);
  expect(answer.setCookies).toEqual([]);
}

const sessionsOf = (userId: string) =>
  databaseOf(client).query(sql`SELECT id FROM sessions WHERE user_id = ${userId}::uuid`);
const userIdOf = async (email: string) => {
  const rows = await databaseOf(client).query<{ id: string }>(
    sql`SELECT id FROM users WHERE email = ${email}`,
  );
  return rows[0]!.id;
};
const openCodes = (userId: string) =>
  databaseOf(client).query<{ seconds: number }>(sql`
    SELECT extract(epoch FROM expires_at - now())::float8 AS seconds FROM one_time_tokens
    WHERE owner_id = ${userId}::uuid AND kind = 'oauth_code' AND spent_at IS NULL AND expires_at > now()`);

describe('a sign-in for an app', () => {
  // One that comes back by GET, and the one that comes by a form; sign-in.test.ts goes to all of them.
  test.each(['google', 'apple'])(
    'gives a code of 60 seconds and no session, and the code with its verifier gives the tokens: %s',
    async (provider) => {
      const someone = person();
      const issued = await codeOf(someone, provider);
      expect(issued.answer.roundTrips).toBe(2);
      const userId = await userIdOf(someone.email);
      expect(await sessionsOf(userId)).toEqual([]);
      expect(issued.answer.setCookies.filter((line) => !line.startsWith('__Host-nexora_oauth_'))).toEqual([]);
      const [{ seconds } = { seconds: 0 }] = await openCodes(userId);
      expect(seconds).toBeGreaterThan(50);
      expect(seconds).toBeLessThanOrEqual(60);

      const answer = await redeem(issued);
      expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2 });
      expect(answer.json).toMatchObject({
        ...{ success: true, tokenType: 'Bearer', refreshToken: expect.any(String) },
        user: { id: userId, email: someone.email },
      });
      expect(answer.setCookies).toEqual([]);
      expect(answer.headers.get('X-Device-Token')).toMatch(/^nxd_/);
      const me = await client.get('/api/auth/me', { bearer: answer.json.accessToken });
      expect(me.json.session.method).toBe(provider);
      const { refreshToken } = answer.json;
      expect((await client.post('/api/auth/refresh', { refreshToken })).status).toBe(200);
      expect(await eventsOf(client, { userId })).toContain(`authn_login_success ${provider}`);
    },
  );

  test('gives one that counts once (OAU-14)', async () => {
    const someone = person();
    const issued = await codeOf(someone);
    expect((await redeem(issued)).status).toBe(200);
    expectInvalid(await redeem(issued));
    expect(await sessionsOf(await userIdOf(someone.email))).toHaveLength(1);
  });

  test('gives one that is worth nothing after its time', async () => {
    const someone = person();
    const issued = await codeOf(someone);
    await change(
      client,
      sql`UPDATE one_time_tokens SET expires_at = now() - interval '1 second' WHERE owner_id = ${await userIdOf(someone.email)}::uuid`,
    );
    expectInvalid(await redeem(issued));
  });

  test('gives one that another verifier neither redeems nor spends (OAU-03)', async () => {
    const issued = await codeOf(person());
    const { verifier: codeVerifier } = await freshVerifier();
    expectInvalid(await redeem({ ...issued, codeVerifier }));
    expectInvalid(await redeem({ ...issued, codeVerifier: issued.codeVerifier.toUpperCase() }));
    expect((await redeem(issued)).status).toBe(200);
  });

  test('gives one that is refused without a look at the database where it is forged', async () => {
    const issued = await codeOf(person());
    const forged = `${issued.code.slice(0, -4)}AAAA`;
    const answer = await redeem({ ...issued, code: forged });
    expectInvalid(answer);
    expect(answer.roundTrips).toBe(0);
  });

  test.each(['banned', 'moved', 'deleted'] as const)(
    'gives one that is worth nothing to whoever is %s by then (SES-16)',
    async (how) => {
      const someone = person();
      const issued = await codeOf(someone);
      const userId = await userIdOf(someone.email);
      const statements = {
        banned: sql`UPDATE users SET banned_at = now() WHERE id = ${userId}::uuid`,
        moved: sql`UPDATE users SET email = ${freshEmail()} WHERE id = ${userId}::uuid`,
        deleted: sql`DELETE FROM users WHERE id = ${userId}::uuid`,
      };
      await change(client, statements[how]);
      expectInvalid(await redeem(issued));
      expect(await sessionsOf(userId)).toEqual([]);
    },
  );

  // The occasions that close ways in are test/contract/closing-table.test.ts.
  test('gives one that ends with the removal of the provider (SES-21)', async () => {
    const { email, accessToken: bearer } = await verifiedUser(client);
    const someone = person(email);
    // Linked by then, so that there is a provider to remove.
    expect((await redeem(await codeOf(someone))).status).toBe(200);
    const issued = await codeOf(someone);
    const removed = await client.call('DELETE', '/api/auth/identities/google', { bearer });
    expect(removed.status, removed.text).toBe(200);
    expectInvalid(await redeem(issued));
  });

  test('keeps at most 20 codes of an account open: a further one ends the oldest (SES-20)', async () => {
    const someone = person();
    const issued = [await codeOf(someone), await codeOf(someone), await codeOf(someone)];
    const userId = await userIdOf(someone.email);
    await change(
      client,
      sql`INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, challenge, created_at, expires_at)
        SELECT sha256(n::text::bytea), t.kind, t.owner_id, t.email, t.challenge, now(), t.expires_at
        FROM one_time_tokens t, generate_series(1, 17) AS n
        WHERE t.owner_id = ${userId}::uuid AND t.created_at = (
          SELECT max(l.created_at) FROM one_time_tokens l WHERE l.owner_id = t.owner_id)`,
    );
    expect(await openCodes(userId)).toHaveLength(20);
    for (let index = 0; index < 2; index++) await codeOf(someone);
    expect(await openCodes(userId)).toHaveLength(20);
    expectInvalid(await redeem(issued[0]!));
    expectInvalid(await redeem(issued[1]!));
    expect((await redeem(issued[2]!)).status).toBe(200);
  });

  test('tells nobody of a new device whose account it has just made', async () => {
    const someone = person();
    expect((await redeem(await codeOf(someone))).status).toBe(200);
    expect(await kindsTo(client, someone.email)).toEqual([]);
  });

  test('tells of a new device when the code is redeemed, and of a known one nothing', async () => {
    const { email, deviceToken } = await verifiedUser(client);
    const someone = person(email);
    const known = await codeOf(someone);
    expect(await kindsTo(client, email)).toEqual([]);
    expect((await redeem(known, {}, { 'X-Device-Token': deviceToken })).status).toBe(200);
    expect(await kindsTo(client, email)).toEqual(['identity_linked']);
    expect((await redeem(await codeOf(someone))).status).toBe(200);
    expect(await kindsTo(client, email)).toEqual(['identity_linked', 'new_device']);
  });

  test('leads to a challenge where the account has two-factor, and not where the device is trusted (OTP-13)', async () => {
    const user = await twoFactorUser(client);
    const { token: trustedDeviceToken } = await trustDevice(client, user);
    const someone = person(user.email);
    const answer = await redeem(await codeOf(someone));
    const second = await completeChallenge(client, answer, { code: await freshCode(client, user) });
    expect(second.json, second.text).toMatchObject({ user: { id: user.userId } });
    expect(cookieValue(second, accessCookie)).toBeUndefined();
    expect(await eventsOf(client, user)).toContain('authn_login_success second_factor google');
    const trusted = await redeem(await codeOf(someone), { trustedDeviceToken });
    expect(trusted.json).toMatchObject({ user: { id: user.userId }, accessToken: expect.any(String) });
  });

  test('takes a refusal to the app, as an error and without a code', async () => {
    const { codeChallenge } = await freshVerifier();
    const query = { transport: 'body', codeChallenge, redirectTo };
    const { email } = await verifiedUser(client);
    const answer = await arrive(client, 'plain', person(email), { query });
    expect(landing(answer)).toEqual({ status: 303, url: redirectTo, error: 'account_exists', code: null });
  });
});
