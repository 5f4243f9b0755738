import { Secret, TOTP, URI } from 'otpauth';
import { describe, expect, test } from 'vitest';
import { decodeBase32 } from '../../../src/crypto/base32.ts';
import { sql } from '../../../src/db/sql.ts';
import { registerUser } from '../../support/accounts.ts';
import { type Answer, authCookies, TestClient } from '../../support/client.ts';
import { mailsTo } from '../../support/mailbox.ts';
import {
  challenge,
  codeAt,
  completeChallenge,
  completeWithCode,
  freshCode,
  markVerified,
  signInWithCode,
  twoFactorUser,
  wrongCode,
} from '../../support/two-factor.ts';
import { expectAlive, expectDead, signInAgain } from '../password/signed-in-owner.ts';
import { claimsOf } from '../sessions/session-fixtures.ts';
import {
  change,
  dumpRows,
  enable,
  eventsOf,
  expectAsked,
  expectNotAsked,
  expectRefused,
  kindsTo,
  listFactors,
  listTrusted,
  path,
  startSetup,
  trustDevice,
  verifiedUser,
} from './calls.ts';
import { scan } from './scan-qr-code.ts';

// Without the mail of the registration, which is tested elsewhere.
const client = new TestClient({ EMAIL_VERIFICATION: 'off' });
const closed = new TestClient({ TWO_FACTOR: 'off' });

const stateOf = async (accessToken: string): Promise<boolean> =>
  (await client.get('/api/auth/me', { bearer: accessToken })).json.user.twoFactorEnabled;

/** Moves the start of a setup that waits for its first code back by so many seconds. */
const ageSetup = (userId: string, seconds: number) =>
  change(
    client,
    sql`UPDATE factors SET created_at = now() - make_interval(secs => ${seconds}::int)
      WHERE user_id = ${userId}::uuid AND added_at IS NULL`,
  );

async function setUp() {
  const owner = await verifiedUser(client);
  const answer = await startSetup(client, owner.accessToken);
  expect(answer.status, answer.text).toBe(200);
  return { ...owner, answer, secret: answer.json.secret as string };
}

describe('POST /api/auth/two-factor/setup', () => {
  test('is refused while the address of an account from before the upgrade is not verified', async () => {
    const user = await verifiedUser(client);
    await change(
      client,
      sql`UPDATE users SET email_verified_at = NULL, is_verification_exempt = true WHERE id = ${user.userId}::uuid`,
    );
    const answer = await startSetup(new TestClient(), user.accessToken);
    expectRefused(answer, 403, 'email_not_verified');
  });

  test('answers a secret of 160 bits, its URI and the picture of that URI, in one round trip (OTP-05)', async () => {
    const { answer, secret, email } = await setUp();
    expect(answer).toMatchObject({ status: 200, roundTrips: 1, setCookies: [] });
    const { otpauthUri, qrCode } = answer.json;
    expect(answer.json).toStrictEqual({ success: true, secret, otpauthUri, qrCode });
    expect(decodeBase32(secret)).toHaveLength(20);
    const app = URI.parse(otpauthUri) as TOTP;
    expect(app).toBeInstanceOf(TOTP);
    expect(app.secret.base32).toBe(secret);
    expect(app).toMatchObject({
      ...{ issuer: 'auth.test', label: email, algorithm: 'SHA1', digits: 6, period: 30 },
    });
    expect(qrCode).toMatch(/^data:image\/svg\+xml,/);
    expect(scan(qrCode)).toBe(otpauthUri);
  });

  test('answers another secret each time', async () => {
    const owner = await verifiedUser(client);
    const secrets = [];
    for (let index = 0; index < 3; index++)
      secrets.push((await startSetup(client, owner.accessToken)).json.secret);
    expect(new Set(secrets).size).toBe(3);
  });

  test('turns nothing on: the password alone signs in, before and after a wrong first code (OTP-06)', async () => {
    const { accessToken, email, secret } = await setUp();
    expectRefused(await enable(client, accessToken, wrongCode(secret)), 401, 'invalid_code');
    expect(await stateOf(accessToken)).toBe(false);
    const { json } = await expectNotAsked(client, { email });
    expect(json.user.twoFactorEnabled).toBe(false);
    expect((await listFactors(client, accessToken)).json).toMatchObject({ factors: [], backupCodesLeft: 0 });
    expect(await kindsTo(client, email)).toEqual(['new_device']);
  });

  test.each(['optional', 'required'])('waits until the address is verified, in mode %s', async (mode) => {
    const asking = new TestClient({ EMAIL_VERIFICATION: mode });
    const { json } = await registerUser(client);
    const refused = await startSetup(asking, json.accessToken);
    expectRefused(refused, 403, 'email_not_verified');
    expect(refused.roundTrips).toBe(1);
    // Nothing was stored that a first code could confirm.
    expectRefused(await enable(asking, json.accessToken, '123456'), 409, 'two_factor_setup_required');
    await markVerified(client, json.user.id);
    expect((await startSetup(asking, json.accessToken)).status).toBe(200);
  });

  test('asks for no verified address in mode off', async () => {
    const { json } = await registerUser(client);
    expect((await startSetup(client, json.accessToken)).status).toBe(200);
  });

  test('is the last time that the secret is answered (OTP-05)', async () => {
    const { accessToken, secret, userId, email, answer } = await setUp();
    const enabled = await enable(client, accessToken, codeAt(secret));
    expect(enabled.status, enabled.text).toBe(200);
    const bearer = enabled.json.accessToken;
    const texts = [enabled.text];
    for (const address of [path, '/api/auth/me', '/api/auth/me/export', '/api/auth/security-events'])
      texts.push((await client.get(address, { bearer })).text);
    texts.push((await challenge(client, { email })).text);
    expect(texts[3]).toContain(userId);
    for (const text of texts) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain('otpauth:');
      expect(text).not.toContain('secret');
    }
    expect(answer.text).toContain(secret);
  });

  test('leaves no secret in any table, in no spelling (OTP-05, SES-02)', async () => {
    const { accessToken, secret, userId } = await setUp();
    const bytes = Secret.fromBase32(secret);
    const spellings = [
      secret,
      bytes.hex.toLowerCase(),
      btoa(String.fromCharCode(...bytes.bytes)).slice(0, 26),
    ];
    for (const when of ['before', 'after']) {
      const rows = await dumpRows(client);
      expect(rows).toContain(userId);
      for (const spelling of spellings)
        expect(rows.toLowerCase(), when).not.toContain(spelling.toLowerCase());
      if (when === 'before') expect((await enable(client, accessToken, codeAt(secret))).status).toBe(200);
    }
  });

  test('seals the secret for this user: a copy opens in no other row (OTP-05)', async () => {
    const victim = await setUp();
    const thief = await setUp();
    await change(
      client,
      sql`UPDATE factors f SET secret_sealed = v.secret_sealed FROM factors v
        WHERE f.user_id = ${thief.userId}::uuid AND v.user_id = ${victim.userId}::uuid`,
    );
    const answer = await enable(client, thief.accessToken, codeAt(victim.secret));
    expectRefused(answer, 503, 'misconfigured');
    expect(await stateOf(thief.accessToken)).toBe(false);
    expect((await enable(client, victim.accessToken, codeAt(victim.secret))).status).toBe(200);
  });

  test('replaces one that was not finished, of which the codes are wrong from then on (OTP-06)', async () => {
    const { accessToken, secret } = await setUp();
    const second = (await startSetup(client, accessToken)).json.secret;
    expectRefused(await enable(client, accessToken, codeAt(secret)), 401, 'invalid_code');
    expect((await enable(client, accessToken, codeAt(second))).status).toBe(200);
  });

  test('leaves the authenticator that is on as it is (OTP-06)', async () => {
    const user = await twoFactorUser(client);
    expect((await startSetup(client, user.accessToken)).status).toBe(200);
    const listed = (await listFactors(client, user.accessToken)).json;
    expect(listed).toMatchObject({ factors: [{ kind: 'totp' }], backupCodesLeft: 10 });
    await signInWithCode(client, user);
    const proof = { backupCode: user.backupCodes[0] };
    expect((await completeChallenge(client, await challenge(client, user), proof)).status).toBe(200);
  });

  test('is refused with Retry-After while two-factor is off, as is its first code', async () => {
    const { accessToken, secret } = await setUp();
    for (const answer of [
      await startSetup(closed, accessToken),
      await enable(closed, accessToken, codeAt(secret)),
    ]) {
      expectRefused(answer, 503, 'two_factor_unavailable');
      expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0);
      expect(answer.roundTrips).toBe(0);
    }
    expect(await stateOf(accessToken)).toBe(false);
  });

  test('that is off lets nobody in without the second factor who has one', async () => {
    const user = await twoFactorUser(client);
    await expectAsked(closed, user);
    const answer = await signInWithCode(closed, user);
    expect(answer.json.user.twoFactorEnabled).toBe(true);
    const bearer = answer.json.accessToken;
    const code = await freshCode(client, user);
    const off = await closed.post(`${path}/disable`, { code }, { bearer });
    expect(off.status, off.text).toBe(200);
  });
});

describe('POST /api/auth/two-factor/enable', () => {
  async function enabled() {
    const owner = await setUp();
    const answer = await enable(client, owner.accessToken, codeAt(owner.secret));
    expect(answer.status, answer.text).toBe(200);
    return { owner, answer };
  }

  test('answers ten backup codes of 120 bits and Tokens in every open transport, in two round trips (OTP-11)', async () => {
    const { answer } = await enabled();
    expect(answer.roundTrips).toBe(2);
    const { backupCodes, accessToken, refreshToken, ...rest } = answer.json;
    expect(rest).toStrictEqual({
      ...{ success: true, tokenType: 'Bearer', expiresIn: 900, refreshExpiresIn: 1_209_600 },
    });
    expect(refreshToken).toMatch(/^nxr_/);
    expect(authCookies(answer)['__Host-nexora_refresh']).toMatch(/^nxr_/);
    expect(new Set(backupCodes).size).toBe(10);
    for (const code of backupCodes) {
      expect(code).toMatch(/^[A-Z2-7]{4}(?:-[A-Z2-7]{4}){5}$/);
      expect(decodeBase32(code.replaceAll('-', ''))).toHaveLength(15);
    }
    expect(accessToken).toEqual(expect.any(String));
  });

  test('gives the session a new id, at which it has passed the second factor; the former tokens are dead (SES-03)', async () => {
    const { owner, answer } = await enabled();
    const claims = claimsOf(answer.json.accessToken);
    expect(claims.sid).not.toBe(owner.sessionId);
    expect(claims).toMatchObject({ sub: owner.userId, amr: ['pwd', 'otp', 'mfa'], acr: 'aal2' });
    expect(claims.auth_time).toBeGreaterThan(Date.now() / 1000 - 30);
    await expectDead(client, owner);
    await expectAlive(client, answer);
    const { json } = await client.get('/api/auth/me', { bearer: answer.json.accessToken });
    expect(json.user.twoFactorEnabled).toBe(true);
    const sensitive = await client.get('/api/auth/me/export', { bearer: answer.json.accessToken });
    expect(sensitive.status).toBe(200);
  });

  test('is recorded, and told to the owner by one mail', async () => {
    const { owner } = await enabled();
    expect((await eventsOf(client, owner)).at(-1)).toBe('user_updated two_factor_enabled totp');
    expect(await mailsTo(client, owner.email)).toMatchObject([
      {
        kind: 'two_factor_enabled',
        user_id: owner.userId,
        token: expect.stringMatching(/^nxn_/),
        outcome: null,
      },
    ]);
  });

  test('asks for the second factor from the next sign-in on, and not for the code that it took itself (OTP-01)', async () => {
    const owner = await setUp();
    const code = codeAt(owner.secret);
    const user = { ...(await enable(client, owner.accessToken, code)).json, ...owner };
    const first = await challenge(client, user);
    expectRefused(await completeChallenge(client, first, { code }), 401, 'invalid_code');
    const fresh = await freshCode(client, user);
    expect((await completeChallenge(client, first, { code: fresh })).status).toBe(200);
  });

  test('leaves other sessions signed in', async () => {
    const owner = await setUp();
    const other = await signInAgain(client, owner.email);
    await enable(client, owner.accessToken, codeAt(owner.secret));
    const me = await client.get('/api/auth/me', { bearer: other.accessToken });
    expect([me.status, me.json.user.twoFactorEnabled]).toEqual([200, true]);
  });

  test('refuses a wrong first code in one round trip, as often as it comes, and the right one is taken after it', async () => {
    const { accessToken, secret, userId } = await setUp();
    for (let index = 0; index < 12; index++) {
      const answer = await enable(client, accessToken, wrongCode(secret));
      expectRefused(answer, 401, 'invalid_code');
      expect(answer.roundTrips).toBe(1);
    }
    expect(await eventsOf(client, { userId })).toEqual([]);
    expect((await enable(client, accessToken, codeAt(secret))).status).toBe(200);
  });

  test.each<[what: string, prepare: () => Promise<Answer>]>([
    ['was never started', async () => enable(client, (await verifiedUser(client)).accessToken, '123456')],
    [
      'was started more than an hour ago',
      async () => {
        const { accessToken, userId, secret } = await setUp();
        await ageSetup(userId, 3601);
        return enable(client, accessToken, codeAt(secret));
      },
    ],
    [
      'was finished before',
      async () => {
        const { accessToken, secret } = await setUp();
        const { json } = await enable(client, accessToken, codeAt(secret));
        return enable(client, json.accessToken, codeAt(secret));
      },
    ],
    [
      'is that of somebody else',
      async () => {
        const { secret } = await setUp();
        return enable(client, (await verifiedUser(client)).accessToken, codeAt(secret));
      },
    ],
  ])('refuses a code where the setup %s', async (_what, prepare) => {
    expectRefused(await prepare(), 409, 'two_factor_setup_required');
  });

  test('takes the first code for an hour', async () => {
    const { accessToken, userId, secret } = await setUp();
    await ageSetup(userId, 3540);
    expect((await enable(client, accessToken, codeAt(secret))).status).toBe(200);
  });

  test('takes no backup code, and nothing but six digits (OTP-10)', async () => {
    const user = await twoFactorUser(client);
    await startSetup(client, user.accessToken);
    for (const body of [{}, { backupCode: user.backupCodes[0] }, { code: 123456 }, { code: '12345' }]) {
      const answer = await client.post(`${path}/enable`, body, { bearer: user.accessToken });
      expectRefused(answer, 400, 'validation_failed');
      expect(answer.roundTrips).toBe(0);
    }
  });

  test('that replaces an authenticator ends the old secret, its backup codes and every trust in a device', async () => {
    const user = await twoFactorUser(client);
    const { token } = await trustDevice(client, user);
    await expectNotAsked(client, user, { trustedDeviceToken: token });
    const { secret } = (await startSetup(client, user.accessToken)).json;
    const replaced = await enable(client, user.accessToken, codeAt(secret));
    expect(replaced.status, replaced.text).toBe(200);

    await expectAsked(client, user, { trustedDeviceToken: token });
    const bearer = replaced.json.accessToken;
    expect((await listTrusted(client, bearer)).json.trustedDevices).toEqual([]);
    expect((await listFactors(client, bearer)).json).toMatchObject({
      ...{ factors: [expect.anything()], backupCodesLeft: 10 },
    });
    const first = await challenge(client, user);
    for (const proof of [{ code: codeAt(user.secret) }, { backupCode: user.backupCodes[0] }])
      expectRefused(await completeChallenge(client, first, proof), 401, 'invalid_code');
    const renewed = { ...user, secret };
    await completeWithCode(client, first, renewed);
    const proof = { backupCode: replaced.json.backupCodes[0] };
    expect((await completeChallenge(client, await challenge(client, user), proof)).status).toBe(200);
    const kinds = await kindsTo(client, user.email);
    expect(kinds.filter((kind) => kind === 'two_factor_enabled')).toHaveLength(1);
  });
});

describe('GET /api/auth/two-factor', () => {
  test('lists nothing for an account without a second factor, in one round trip', async () => {
    const { accessToken } = await verifiedUser(client);
    const answer = await listFactors(client, accessToken);
    expect(answer).toMatchObject({ status: 200, roundTrips: 1 });
    expect(answer.json).toStrictEqual({ success: true, factors: [], backupCodesLeft: 0 });
  });

  test('lists the authenticator, when it was used last, and how many backup codes are left', async () => {
    const user = await twoFactorUser(client);
    const before = await listFactors(client, user.accessToken);
    const [factor] = before.json.factors;
    expect(before.roundTrips).toBe(1);
    expect(before.json).toStrictEqual({ success: true, factors: [factor], backupCodesLeft: 10 });
    expect(factor).toStrictEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      kind: 'totp',
      name: expect.any(String),
      addedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      lastUsedAt: factor.addedAt,
    });
    await signInWithCode(client, user);
    const first = await challenge(client, user);
    await completeChallenge(client, first, { backupCode: user.backupCodes[3] });
    const after = (await listFactors(client, user.accessToken)).json;
    expect(after.backupCodesLeft).toBe(9);
    expect(Date.parse(after.factors[0].lastUsedAt)).toBeGreaterThan(Date.parse(factor.lastUsedAt));
  });
});
