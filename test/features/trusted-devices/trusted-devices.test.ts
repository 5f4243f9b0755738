import { describe, expect, test } from 'vitest';
import { runScheduled } from '../../../src/app.ts';
import { sql } from '../../../src/db/sql.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import { freshEmail, otherPassword, registration } from '../../support/accounts.ts';
import { type CallOptions, cookieValue, TestClient } from '../../support/client.ts';
import { faultyEndpoint } from '../../support/database.ts';
import { storeLink } from '../../support/links.ts';
import { tokenFrom } from '../../support/mailbox.ts';
import { adminSecret, randomSecret } from '../../support/test-env.ts';
import {
  challenge,
  completeChallenge,
  freshCode,
  signInWithCode,
  type TwoFactorUser,
  twoFactorUser,
  wrongCode,
} from '../../support/two-factor.ts';
import { move } from '../email-change/mover.ts';
import { changePassword } from '../password/signed-in-owner.ts';
import { claimsOf } from '../sessions/session-fixtures.ts';
import {
  change,
  countEvents,
  databaseOf,
  expectAsked,
  expectNotAsked,
  expectRefused,
  forget,
  kindsTo,
  listTrusted,
  logInAs,
  onDevice,
  trustDevice,
  trustedCookie,
} from '../two-factor/calls.ts';

// Without the mail of the registration, which is tested elsewhere.
const variables = { EMAIL_VERIFICATION: 'off', ADMIN_SECRET: adminSecret };
const client = new TestClient(variables);

/** What a browser sends that holds this value of the cookie. */
const byCookie = (value: string) => ({ cookies: { [trustedCookie]: value } });
const byToken = (trustedDeviceToken: string) => ({ trustedDeviceToken });

async function devicesOf(
  { accessToken }: { readonly accessToken: string },
  cookies: CallOptions['cookies'] = {},
) {
  const answer = await listTrusted(client, accessToken, cookies);
  expect(answer.status, answer.text).toBe(200);
  return answer.json.trustedDevices;
}

/** Trusts so many more devices, until then. */
const addTrusted = ({ userId }: TwoFactorUser, count: number, lifetime: string) =>
  change(
    client,
    sql`INSERT INTO trusted_devices (id, user_id, expires_at)
      SELECT gen_random_uuid(), ${userId}::uuid, now() + ${lifetime}::interval FROM generate_series(1, ${count}::int)`,
  );

describe('a second step that asks for trust', () => {
  test.each([
    [undefined, true, true],
    ['cookie', true, false],
    ['body', false, true],
  ])('answers it by the transport of its tokens: %s', async (transport, isCookie, isBody) => {
    const user = await twoFactorUser(client);
    const first = await challenge(client, user);
    const proof = { code: await freshCode(client, user), trustDevice: true, transport };
    const answer = await completeChallenge(client, first, proof);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2 });
    expect('trustedDeviceToken' in answer.json).toBe(isBody);
    const lines = answer.setCookies.filter((line) => line.startsWith(`${trustedCookie}=`));
    expect(lines).toHaveLength(isCookie ? 1 : 0);
    if (isCookie)
      expect(lines[0]).toMatch(/=nxt_[\w-]+; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=2592000$/);
    if (isBody) expect(answer.json.trustedDeviceToken).toMatch(/^nxt_[\w-]+$/);
    if (isBody) await expectNotAsked(client, user, byToken(answer.json.trustedDeviceToken));
    if (isCookie) await expectNotAsked(client, user, {}, byCookie(cookieValue(answer, trustedCookie)!));
  });

  test.each([{}, { trustDevice: false }])('and only one that does: %o answers none', async (wish) => {
    const user = await twoFactorUser(client);
    const first = await challenge(client, user);
    const answer = await completeChallenge(client, first, { code: await freshCode(client, user), ...wish });
    expect(answer.status).toBe(200);
    expect(answer.json.trustedDeviceToken).toBeUndefined();
    expect(cookieValue(answer, trustedCookie)).toBeUndefined();
    expect(await devicesOf(user)).toEqual([]);
  });

  test.each(['wrong', 'used before'])('trusts no device where its code is %s', async (what) => {
    const user = await twoFactorUser(client);
    const code = what === 'wrong' ? wrongCode(user.secret) : await freshCode(client, user);
    if (what !== 'wrong')
      expect((await completeChallenge(client, await challenge(client, user), { code })).status).toBe(200);
    const proof = { code, trustDevice: true };
    const answer = await completeChallenge(client, await challenge(client, user), proof);
    expectRefused(answer, 401, 'invalid_code');
    expect(answer.setCookies).toEqual([]);
    expect(await devicesOf(user)).toEqual([]);
  });
});

describe('a sign-in on a trusted device', () => {
  test('is one by the password, in two round trips, at its level and no higher (SES-19)', async () => {
    const user = await twoFactorUser(client);
    const { token } = await trustDevice(client, user);
    const answer = await expectNotAsked(client, user, byToken(token));
    expect(answer).toMatchObject({ roundTrips: 2, hashes: 1 });
    expect(claimsOf(answer.json.accessToken).amr).toEqual(['pwd']);
    expect(answer.json.user.twoFactorEnabled).toBe(true);
  });

  test('needs the password all the same', async () => {
    const user = await twoFactorUser(client);
    const { token } = await trustDevice(client, user);
    const answer = await logInAs(client, user, { password: 'wrong', ...byToken(token) });
    expectRefused(answer, 401, 'invalid_credentials');
  });

  test('is noted as its last use, and does not lengthen the trust', async () => {
    const user = await twoFactorUser(client);
    const { token } = await trustDevice(client, user);
    const [before] = await devicesOf(user);
    await expectNotAsked(client, user, byToken(token));
    const [after] = await devicesOf(user);
    expect(Date.parse(after.lastUsedAt)).toBeGreaterThan(Date.parse(before.lastUsedAt));
    expect(after).toEqual({ ...before, lastUsedAt: after.lastUsedAt });
  });

  test('asks again after thirty days, by the clock of the database (IDM-03)', async () => {
    const user = await twoFactorUser(client);
    const { token } = await trustDevice(client, user);
    const [device] = await devicesOf(user);
    expect(Date.parse(device.expiresAt) - Date.parse(device.addedAt)).toBe(30 * 86_400_000);
    const endsIn = (seconds: number) =>
      change(
        client,
        sql`UPDATE trusted_devices SET expires_at = now() + make_interval(secs => ${seconds}::int)
          WHERE id = ${device.id}::uuid`,
      );
    await endsIn(60);
    const ahead = new TestClient(variables, { now: () => Date.now() + 31 * 86_400_000 });
    await expectNotAsked(ahead, user, byToken(token));
    await endsIn(0);
    await expectAsked(client, user, byToken(token));
    expect(await devicesOf(user)).toEqual([]);
    expectRefused(await forget(client, user.accessToken, device.id), 404, 'trusted_device_not_found');
  });

  test('is that of one account: the token of another one is worth nothing', async () => {
    const [user, other] = [await twoFactorUser(client), await twoFactorUser(client)];
    const { token, cookie } = await trustDevice(client, other);
    await expectAsked(client, user, byToken(token));
    await expectAsked(client, user, {}, byCookie(cookie));
    await expectNotAsked(client, other, byToken(token));
  });

  test('is none by a token that is forged, of another secret, cut or of the id alone', async () => {
    const user = await twoFactorUser(client);
    const { token } = await trustDevice(client, user);
    const [{ id }] = await devicesOf(user);
    const another = token[40] === 'A' ? 'B' : 'A';
    const forged = [
      id,
      `nxt_${id}`,
      'nxt_',
      token.slice(0, -4),
      `${token.slice(0, 40)}${another}${token.slice(41)}`,
    ];
    for (const text of [...forged, token.replace('nxt_', 'nxd_')])
      await expectAsked(client, user, byToken(text));
    await expectAsked(client, user, {}, byCookie(token.slice(0, -4)));
    const elsewhere = new TestClient({ ...variables, AUTH_SECRET: randomSecret() });
    await expectAsked(elsewhere, user, byToken(token));
    await expectNotAsked(client, user, byToken(token));
  });

  test('takes the token of the body before the cookie', async () => {
    const [user, other] = [await twoFactorUser(client), await twoFactorUser(client)];
    const { token, cookie } = await trustDevice(client, user);
    const { token: others } = await trustDevice(client, other);
    await expectAsked(client, user, byToken(others), byCookie(cookie));
    await expectNotAsked(client, user, byToken(token), byCookie(others));
  });

  test.each([
    ['empty', ''],
    ['a number', 1],
    ['too long', 'x'.repeat(1025)],
  ])('refuses a token that is %s, without a round trip', async (_what, trustedDeviceToken) => {
    const answer = await logInAs(client, { email: freshEmail() }, { trustedDeviceToken });
    expectRefused(answer, 400, 'validation_failed');
    expect(answer.roundTrips).toBe(0);
  });

  test('works while AUTH_SECRET is being replaced (SUP-04)', async () => {
    const user = await twoFactorUser(client);
    const { token } = await trustDevice(client, user);
    const previous = String(client.env.AUTH_SECRET);
    const during = new TestClient({
      ...variables,
      AUTH_SECRET: randomSecret(),
      AUTH_SECRET_PREVIOUS: previous,
    });
    await expectNotAsked(during, user, byToken(token));
  });

  test('opens by the link that verifies an address as well', async () => {
    const asking = new TestClient({ ...variables, EMAIL_VERIFICATION: 'optional' });
    const user = await twoFactorUser(client);
    const { cookie } = await trustDevice(client, user);
    const token = await storeLink(client, 'verify_email', { id: user.userId, email: user.email });
    // It was verified before, so that nothing is closed by this one.
    const answer = await asking.post(
      '/api/auth/email/verify',
      { token, password: 'correct horse battery staple' },
      byCookie(cookie),
    );
    expect([answer.status, answer.json.twoFactorRequired], answer.text).toEqual([200, undefined]);
  });
});

describe('a browser that several people trust', () => {
  /** Signs a user in on a browser by its cookie, with trust, and returns the cookie of the browser afterwards. */
  async function trustOn(cookie: string | undefined, user: TwoFactorUser): Promise<string> {
    const options = cookie === undefined ? {} : byCookie(cookie);
    return (await trustDevice(client, user, options)).cookie;
  }

  test('holds five accounts in one cookie, and the sixth takes the place of the oldest (SES-20)', async () => {
    const users: TwoFactorUser[] = [];
    let cookie: string | undefined;
    for (let index = 0; index < 6; index++) {
      users.push(await twoFactorUser(client));
      cookie = await trustOn(cookie, users[index]!);
    }
    const [first, ...others] = users;
    await expectAsked(client, first!, {}, byCookie(cookie!));
    for (const user of others) await expectNotAsked(client, user, {}, byCookie(cookie!));
    expect(cookie!.length).toBeLessThan(1024);
  });

  test('shows each of them as their own device', async () => {
    const [user, other] = [await twoFactorUser(client), await twoFactorUser(client)];
    const cookie = await trustOn(await trustOn(undefined, user), other);
    const cookies = { [trustedCookie]: cookie };
    expect(await devicesOf(user, cookies)).toMatchObject([{ current: true }]);
    expect(await devicesOf(other, cookies)).toMatchObject([{ current: true }]);
    expect(await devicesOf(user)).toMatchObject([{ current: false }]);
  });
});

describe('the trusted devices of an account', () => {
  test('are replaced where it is the same device: the former token is dead', async () => {
    const user = await twoFactorUser(client);
    const { cookie } = await trustDevice(client, user);
    const [before] = await devicesOf(user);
    // As a browser does whose trust was not enough for a moment: another person asked for the challenge, say.
    const first = await challenge(client, user);
    const proof = { code: await freshCode(client, user), trustDevice: true };
    const again = await completeChallenge(client, first, proof, byCookie(cookie));
    expect(again.status, again.text).toBe(200);
    const [after, ...others] = await devicesOf(user);
    expect(others).toEqual([]);
    expect(after.id).not.toBe(before.id);
    await expectAsked(client, user, {}, byCookie(cookie));
    await expectNotAsked(client, user, {}, byCookie(cookieValue(again, trustedCookie)!));
  });

  test('are twenty at most: a further one ends that which was not used for longest (SES-20)', async () => {
    const user = await twoFactorUser(client);
    const [first, second] = [await trustDevice(client, user), await trustDevice(client, user)];
    await addTrusted(user, 18, '30 days');
    // The first one is used, so that the second one is the oldest.
    await expectNotAsked(client, user, byToken(first.token));
    const last = await trustDevice(client, user);
    expect(await devicesOf(user)).toHaveLength(20);
    await expectAsked(client, user, byToken(second.token));
    for (const { token } of [first, last]) await expectNotAsked(client, user, byToken(token));
  });
});

describe('GET /api/auth/trusted-devices', () => {
  test('lists them, latest use first, and says which one asks, in one round trip', async () => {
    const user = await twoFactorUser(client);
    const agent =
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';
    const one = await trustDevice(client, user, { headers: { 'User-Agent': agent } });
    await trustDevice(client, user);
    const answer = await listTrusted(client, user.accessToken, { [trustedCookie]: one.cookie });
    expect(answer).toMatchObject({ status: 200, roundTrips: 1, setCookies: [] });
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    const times = { addedAt: time, lastUsedAt: time, expiresAt: time };
    const id = expect.stringMatching(/^[0-9a-f-]{36}$/);
    expect(answer.json).toStrictEqual({
      success: true,
      trustedDevices: [
        { id, current: false, device: null, location: null, ...times },
        {
          ...{
            id,
            current: true,
            device: { browser: 'Chrome 126.0.0.0', os: 'Windows 10', type: 'desktop' },
          },
          ...{ location: null, ...times },
        },
      ],
    });
    expect(answer.text).not.toContain(one.cookie);
    await expectNotAsked(client, user, {}, byCookie(one.cookie));
    expect((await devicesOf(user))[0].device).not.toBeNull();
  });

  test("lists nothing for an account that trusts none, and nobody else's", async () => {
    const [user, other] = [await twoFactorUser(client), await twoFactorUser(client)];
    const { cookie } = await trustDevice(client, other);
    expect(await devicesOf(user, { [trustedCookie]: cookie })).toEqual([]);
  });

  test('is part of the export, without a token', async () => {
    const user = await twoFactorUser(client);
    const { token, cookie } = await trustDevice(client, user);
    const [device] = await devicesOf(user);
    const { json, text } = await client.get('/api/auth/me/export', { bearer: user.accessToken });
    expect(json.trustedDevices).toMatchObject([{ id: device.id }]);
    for (const secret of [token, cookie]) expect(text).not.toContain(secret);
  });
});

describe('DELETE /api/auth/trusted-devices/:id', () => {
  test('ends the trust in one device, in one round trip, and records it; sessions and other devices stay', async () => {
    const user = await twoFactorUser(client);
    const [one, two] = [await trustDevice(client, user), await trustDevice(client, user)];
    const [{ id }] = await devicesOf(user, { [trustedCookie]: two.cookie });
    const answer = await forget(client, user.accessToken, id);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 1, setCookies: [] });
    expect(answer.json).toStrictEqual({ success: true });
    await expectAsked(client, user, byToken(two.token));
    await expectNotAsked(client, user, byToken(one.token));
    expect(await countEvents(client, user, 'trusted_device')).toBe(1);
    expect((await client.get('/api/auth/me', { bearer: two.answer.json.accessToken })).status).toBe(200);
    expectRefused(await forget(client, user.accessToken, id), 404, 'trusted_device_not_found');
    expect(await countEvents(client, user, 'trusted_device')).toBe(1);
  });

  test("answers another user's id, an unknown one and a malformed one alike (ENU-10)", async () => {
    const [user, other] = [await twoFactorUser(client), await twoFactorUser(client)];
    const { token } = await trustDevice(client, other);
    const [{ id }] = await devicesOf(other);
    const texts = new Set<string>();
    for (const asked of [id, crypto.randomUUID(), 'not-an-id', '%00', "'--"]) {
      const answer = await forget(client, user.accessToken, encodeURIComponent(asked));
      expectRefused(answer, 404, 'trusted_device_not_found');
      expect(answer.roundTrips).toBe(1);
      texts.add(answer.text.replace(answer.json.requestId, ''));
    }
    expect(texts.size).toBe(1);
    await expectNotAsked(client, other, byToken(token));
  });
});

describe('the trust in every device is over', { timeout: 60_000 }, () => {
  const rowsOf = ({ userId }: TwoFactorUser) =>
    databaseOf(client).query(sql`SELECT id FROM trusted_devices WHERE user_id = ${userId}::uuid`);

  // After what, closing-table.test.ts tries for every occasion.
  test('so that the next sign-in on it is asked: after a change of the password (SES-21)', async () => {
    const user = await twoFactorUser(client);
    const { token } = await trustDevice(client, user);
    await changePassword(client, user);
    await expectAsked(client, user, { password: otherPassword, ...byToken(token) });
  });

  test('and not after a move to another address, or a logout', async () => {
    const user = await twoFactorUser(client);
    const { token, answer } = await trustDevice(client, user);
    const { email } = await move(client, user);
    await client.post('/api/auth/logout', undefined, { bearer: answer.json.accessToken });
    await expectNotAsked(client, { email }, byToken(token));
  });

  test('for an account that is taken over: what was there before opens nothing (LNK-06)', async () => {
    const required = new TestClient({ ...variables, EMAIL_VERIFICATION: 'required' });
    const squatter = await twoFactorUser(client);
    await trustDevice(client, squatter);
    await change(
      client,
      // The operator's reset is due: while it asks for the second factor nobody takes it over (LNK-16).
      sql`UPDATE users SET email_verified_at = NULL, is_verification_exempt = false, two_factor_reset_at = now()
        WHERE id = ${squatter.userId}::uuid`,
    );
    const body = registration(squatter.email, { password: otherPassword, confirmPassword: otherPassword });
    expect((await required.post('/api/auth/register', body)).status).toBe(202);
    const token = await tokenFrom(required, squatter.email, 'confirm_registration');
    const answer = await required.post('/api/auth/email/verify', { token, password: otherPassword });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.json.user).toMatchObject({ id: squatter.userId, twoFactorEnabled: false });
    expect(await rowsOf(squatter)).toEqual([]);
  });
});

describe('the clean-up of trusted devices', () => {
  test('deletes those that are over, and no other', async () => {
    const user = await twoFactorUser(client);
    const { token } = await trustDevice(client, user);
    // Without what other tests have left.
    await change(client, sql`DELETE FROM trusted_devices WHERE expires_at <= now()`);
    await addTrusted(user, 2, '0 seconds');
    const lines = recordLog();
    await runScheduled({ cron: '0 2 * * *' }, client.env);
    const entry = lines.map((line) => JSON.parse(line)).find(({ rows }) => rows === 'trusted_devices');
    expect(entry).toMatchObject({ event: 'clean_up_finished', deleted: 2 });
    await expectNotAsked(client, user, byToken(token));
  });
});

test('trust in a device tells nobody more than the sign-in, and a known device tells nobody', async () => {
  const user = await twoFactorUser(client);
  const before = await kindsTo(client, user.email);
  const { token } = await trustDevice(client, user, onDevice(user));
  await expectNotAsked(client, user, byToken(token), onDevice(user));
  expect(await kindsTo(client, user.email)).toEqual(before);
});

test('a device that nobody trusts is read nowhere: a login that presents none has no statement about it', async () => {
  const user = await twoFactorUser(client);
  const { endpoint, seen } = await faultyEndpoint();
  const watched = new TestClient({ ...variables, DATABASE_HTTP_ENDPOINT: endpoint });
  await expectAsked(watched, user);
  const texts = (await seen()).flatMap(({ queries }) => queries);
  expect(texts.length).toBeGreaterThan(0);
  expect(texts.filter((text) => text.includes('trusted_devices'))).toEqual([]);
  expect((await signInWithCode(client, user)).status).toBe(200);
});
