import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshEmail, password, registerUser } from '../../support/accounts.ts';
import { type Answer, type CallOptions, cookieValue, TestClient } from '../../support/client.ts';
import { faultyEndpoint } from '../../support/database.ts';
import { storeLink } from '../../support/links.ts';
import { adminSecret } from '../../support/test-env.ts';
import {
  challenge,
  codeAt,
  completeChallenge,
  completeWithCode,
  freshCode,
  signInWithCode,
  twoFactorUser,
  wrongCode,
} from '../../support/two-factor.ts';
import { linkFor, reset } from '../password/password-reset.ts';
import { claimsOf } from '../sessions/session-fixtures.ts';
import {
  challengeCookie,
  change,
  countEvents,
  databaseOf,
  deviceCookie,
  eventsOf,
  expectAsked,
  expectRefused,
  kindsTo,
  logInAs,
  onDevice,
  secondStepPath,
  verifiedUser,
} from './calls.ts';

// Without the mail of the registration, which is tested elsewhere.
const client = new TestClient({ EMAIL_VERIFICATION: 'off', ADMIN_SECRET: adminSecret });

/** The second step by the cookie of a challenge, without the token of the body. */
function completeByCookie(
  answer: Answer,
  proof: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
  token?: string,
): Promise<Answer> {
  const cookies = { [challengeCookie]: cookieValue(answer, challengeCookie)! };
  const body = { ...(token !== undefined && { challengeToken: token }), ...proof };
  return client.post(secondStepPath, body, { cookies, headers });
}

function namesOf({ setCookies }: Answer): string[] {
  return setCookies.map((line) => line.slice(0, line.indexOf('=')));
}

describe('the first step of a sign-in with two-factor', () => {
  test('answers a challenge in the body and in a cookie, in two round trips and one hash', async () => {
    const user = await twoFactorUser(client);
    const answer = await challenge(client, user);
    expect(answer).toMatchObject({ status: 200, roundTrips: 2, hashes: 1 });
    expect(answer.json).toStrictEqual({
      success: true,
      twoFactorRequired: true,
      challengeToken: expect.stringMatching(/^nxc_[\w-]{86}$/),
      methods: ['totp', 'backup_code'],
      expiresIn: 600,
    });
    const token = cookieValue(answer, challengeCookie)!;
    expect(token).toMatch(/^nxh_[\w-]{86}$/);
    expect(answer.setCookies).toEqual([
      `${challengeCookie}=${token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600`,
    ]);
  });

  test.each([
    ['cookie', [challengeCookie]],
    ['body', []],
  ])('sets a cookie where the transport has one: %s', async (transport, cookies) => {
    const answer = await challenge(client, await twoFactorUser(client), { transport });
    expect(namesOf(answer)).toEqual(cookies);
  });

  test('opens no session, makes no device known and sends nothing that opens anything (CKE-04)', async () => {
    const user = await twoFactorUser(client);
    const sessions = () =>
      databaseOf(client).query(sql`SELECT id FROM sessions WHERE user_id = ${user.userId}::uuid`);
    const before = await sessions();
    const answer = await challenge(client, user);
    expect(await sessions()).toEqual(before);
    expect(answer.headers.has('X-Device-Token')).toBe(false);
    expect(answer.setCookies.length).toBeGreaterThan(0);
    for (const line of answer.setCookies) {
      const [pair = ''] = line.split(';');
      const value = pair.slice(pair.indexOf('=') + 1);
      for (const name of [pair.slice(0, pair.indexOf('=')), '__Host-nexora_access']) {
        const me = await client.get('/api/auth/me', { cookies: { [name]: value } });
        expect(me.status).toBe(401);
      }
    }
  });

  test('is recorded as what it is, and no sign-in', async () => {
    const user = await twoFactorUser(client);
    await challenge(client, user);
    expect((await eventsOf(client, user)).at(-1)).toBe('authn_token_created two_factor_challenge');
  });

  test('names no backup code as a method once all are used', async () => {
    const user = await twoFactorUser(client);
    await change(
      client,
      sql`UPDATE backup_codes SET used_at = now(), used_by = gen_random_uuid() WHERE user_id = ${user.userId}::uuid`,
    );
    expect((await challenge(client, user)).json.methods).toEqual(['totp']);
  });
});

describe('POST /api/auth/login/two-factor', () => {
  test('answers the user and Tokens by both transports, in two round trips and without a hash', async () => {
    const user = await twoFactorUser(client);
    const first = await challenge(client, user);
    const answer = await completeChallenge(client, first, { code: await freshCode(client, user) });
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2, hashes: 0 });
    expect(answer.json).toStrictEqual({
      success: true,
      user: expect.objectContaining({ id: user.userId, email: user.email, twoFactorEnabled: true }),
      accessToken: expect.any(String),
      refreshToken: expect.stringMatching(/^nxr_/),
      tokenType: 'Bearer',
      expiresIn: 900,
      refreshExpiresIn: 1_209_600,
    });
    expect(namesOf(answer)).toEqual(['__Host-nexora_access', '__Host-nexora_refresh', deviceCookie]);
    expect(decodeJwt(answer.json.accessToken)).toMatchObject({
      ...{ sub: user.userId, amr: ['pwd', 'otp', 'mfa'], acr: 'aal2' },
    });
    const me = await client.get('/api/auth/me', { bearer: answer.json.accessToken });
    expect(me.json).toMatchObject({ user: { id: user.userId }, session: { method: 'password' } });
    expect((await eventsOf(client, user)).at(-1)).toBe('authn_login_success second_factor password');
  });

  test('refuses a wrong code in two round trips, and records it', async () => {
    const user = await twoFactorUser(client);
    const first = await challenge(client, user);
    const answer = await completeChallenge(client, first, { code: wrongCode(user.secret) });
    expectRefused(answer, 401, 'invalid_code');
    expect(answer).toMatchObject({ roundTrips: 2, setCookies: [] });
    expect((await eventsOf(client, user)).at(-1)).toBe('authn_login_fail wrong_code totp');
  });

  test('takes a backup code instead, in either case and without its hyphens, once (OTP-11)', async () => {
    const user = await twoFactorUser(client);
    const [code = ''] = user.backupCodes;
    const backupCode = ` ${code.replaceAll('-', ' ').toLowerCase()} `;
    const answer = await completeChallenge(client, await challenge(client, user), { backupCode });
    expect(answer.status, answer.text).toBe(200);
    expect(claimsOf(answer.json.accessToken)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], acr: 'aal2' });
    for (const again of [backupCode, code]) {
      const refused = await completeChallenge(client, await challenge(client, user), { backupCode: again });
      expectRefused(refused, 401, 'invalid_code');
    }
    expect((await eventsOf(client, user)).at(-1)).toBe('authn_login_fail wrong_code backup_code');
  });

  describe('and its transport', () => {
    test('is that of the first step, where it names none', async () => {
      const user = await twoFactorUser(client);
      const byCookie = await completeByCookie(await challenge(client, user, { transport: 'cookie' }), {
        code: await freshCode(client, user),
      });
      expect(byCookie.status, byCookie.text).toBe(200);
      expect(byCookie.json.refreshToken).toBeUndefined();
      expect(namesOf(byCookie)).toContain('__Host-nexora_refresh');
      const byBody = await completeChallenge(client, await challenge(client, user, { transport: 'body' }), {
        code: await freshCode(client, user),
      });
      expect(byBody.json.refreshToken).toMatch(/^nxr_/);
      expect(byBody.setCookies).toEqual([]);
    });

    test.each([
      ['body', 'cookie'],
      ['cookie', 'body'],
    ])('is the one that it names, after a first step by %s', async (first, transport) => {
      const user = await twoFactorUser(client);
      const begun = await challenge(client, user, { transport: first });
      const proof = { code: await freshCode(client, user), transport };
      const answer =
        first === 'cookie'
          ? await completeByCookie(begun, proof)
          : await completeChallenge(client, begun, proof);
      expect(answer.status, answer.text).toBe(200);
      expect('refreshToken' in answer.json).toBe(transport === 'body');
      expect(namesOf(answer).includes('__Host-nexora_refresh')).toBe(transport === 'cookie');
    });

    test('binds a challenge by cookie to its cookie: the token alone is worth nothing (OTP-09)', async () => {
      const user = await twoFactorUser(client);
      const first = await challenge(client, user, { transport: 'cookie' });
      const code = await freshCode(client, user);
      const alone = await completeChallenge(client, first, { code });
      expectRefused(alone, 401, 'challenge_expired');
      const other = await challenge(client, await twoFactorUser(client), { transport: 'cookie' });
      const token = first.json.challengeToken;
      expectRefused(await completeByCookie(other, { code }, {}, token), 401, 'challenge_expired');
      // It is no use as the cookie either.
      const cookies = { [challengeCookie]: token };
      expectRefused(await client.post(secondStepPath, { code }, { cookies }), 401, 'challenge_expired');
      expect((await completeByCookie(first, { code })).status).toBe(200);
    });

    test('by cookie takes the token beside the cookie as well', async () => {
      const user = await twoFactorUser(client);
      const first = await challenge(client, user, { transport: 'cookie' });
      const code = await freshCode(client, user);
      const answer = await completeByCookie(first, { code }, {}, first.json.challengeToken);
      expect(answer.status, answer.text).toBe(200);
    });

    test('clears the cookie of the challenge once it was used, and not before', async () => {
      const user = await twoFactorUser(client);
      const first = await challenge(client, user, { transport: 'cookie' });
      expect((await completeByCookie(first, { code: wrongCode(user.secret) })).setCookies).toEqual([]);
      const answer = await completeByCookie(first, { code: await freshCode(client, user) });
      const cleared = answer.setCookies.find((line) => line.startsWith(`${challengeCookie}=`));
      expect(cleared).toBe(`${challengeCookie}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`);
    });
  });

  test('with the cookie alone does not bind where the origin is absent, even if the token is there', async () => {
    const user = await twoFactorUser(client);
    const first = await challenge(client, user, { transport: 'cookie' });
    const proof = { code: await freshCode(client, user), challengeToken: first.json.challengeToken };
    const headers = { Cookie: `${challengeCookie}=${cookieValue(first, challengeCookie)}` };
    expectRefused(await client.post(secondStepPath, proof, { headers }), 401, 'challenge_expired');
  });

  test.each([
    ['absent', undefined],
    ['a made-up text', 'nxc_abc'],
    ['one of the right length', `nxc_${'A'.repeat(86)}`],
  ])('refuses a challenge that is %s without a round trip', async (_what, challengeToken) => {
    const answer = await client.post(secondStepPath, { challengeToken, code: '123456' });
    expectRefused(answer, 401, 'challenge_expired');
    expect(answer.roundTrips).toBe(0);
  });
});

describe('a challenge', () => {
  test('is used once (OTP-09)', async () => {
    const user = await twoFactorUser(client);
    const first = await challenge(client, user);
    await completeWithCode(client, first, user);
    const again = await completeChallenge(client, first, { code: await freshCode(client, user) });
    expectRefused(again, 401, 'challenge_expired');
    expect(again.roundTrips).toBe(1);
  });

  test('takes five codes, and not the right one as the sixth (OTP-02)', async () => {
    const user = await twoFactorUser(client);
    const first = await challenge(client, user);
    for (let index = 0; index < 5; index++) {
      const answer = await completeChallenge(client, first, { code: wrongCode(user.secret) });
      expectRefused(answer, 401, 'invalid_code');
    }
    const sixth = await completeChallenge(client, first, { code: await freshCode(client, user) });
    expectRefused(sixth, 401, 'challenge_expired');
    await signInWithCode(client, user);
  });

  test('takes the right code as the fifth', async () => {
    const user = await twoFactorUser(client);
    const first = await challenge(client, user);
    for (let index = 0; index < 4; index++)
      await completeChallenge(client, first, { code: wrongCode(user.secret) });
    await completeWithCode(client, first, user);
  });

  test('lives for ten minutes by the clock of the database, whatever the Worker has (OTP-09)', async () => {
    const user = await twoFactorUser(client);
    const first = await challenge(client, user);
    const endsIn = (seconds: number) =>
      change(
        client,
        sql`UPDATE one_time_tokens SET expires_at = now() + make_interval(secs => ${seconds}::int)
          WHERE owner_id = ${user.userId}::uuid AND kind = 'two_factor_challenge'`,
      );
    const [row] = await databaseOf(client).query<{ seconds: number }>(sql`
      SELECT round(extract(epoch FROM expires_at - created_at))::int AS seconds FROM one_time_tokens
      WHERE owner_id = ${user.userId}::uuid AND kind = 'two_factor_challenge'`);
    expect(row?.seconds).toBe(600);
    await endsIn(0);
    const code = await freshCode(client, user);
    expectRefused(await completeChallenge(client, first, { code }), 401, 'challenge_expired');
    await endsIn(30);
    const later = new TestClient({}, { now: () => Date.now() + 20_000 });
    const present = codeAt(user.secret, Date.now() + 20_000);
    expect((await completeChallenge(later, first, { code: present })).status).toBe(200);
  });

  test.each([
    ['is gone', (id: string) => sql`DELETE FROM users WHERE id = ${id}::uuid`],
    ['is banned', (id: string) => sql`UPDATE users SET banned_at = now() WHERE id = ${id}::uuid`],
    [
      'has another address',
      (id: string) => sql`UPDATE users SET email = ${freshEmail()} WHERE id = ${id}::uuid`,
    ],
  ])(
    'is worth nothing where the account %s, whatever has become of its links (PRV-04)',
    async (_what, end) => {
      const user = await twoFactorUser(client);
      const first = await challenge(client, user);
      const code = await freshCode(client, user);
      await change(client, end(user.userId));
      expectRefused(await completeChallenge(client, first, { code }), 401, 'challenge_expired');
    },
  );

  test('stays open while others are completed, wherever that is', async () => {
    const user = await twoFactorUser(client);
    const [first, other] = [await challenge(client, user), await challenge(client, user)];
    for (const one of [other, first]) await completeWithCode(client, one, user);
  });

  test('belongs to one account: no code of another one completes it', async () => {
    const [user, other] = [await twoFactorUser(client), await twoFactorUser(client)];
    const first = await challenge(client, user);
    for (const proof of [{ code: await freshCode(client, other) }, { backupCode: other.backupCodes[0] }])
      expectRefused(await completeChallenge(client, first, proof), 401, 'invalid_code');
  });
});

describe('a sign-in with two-factor on a device that the account does not know', () => {
  test('is told after the second step, and not after the first', async () => {
    const user = await twoFactorUser(client);
    const before = await kindsTo(client, user.email);
    const first = await challenge(client, user);
    await completeChallenge(client, first, { code: wrongCode(user.secret) });
    expect(await kindsTo(client, user.email)).toEqual(before);
    await completeChallenge(client, first, { code: await freshCode(client, user) });
    expect(await kindsTo(client, user.email)).toEqual([...before, 'new_device']);
  });

  test('makes it known: the next one on it tells nobody', async () => {
    const user = await twoFactorUser(client);
    const answer = await completeChallenge(client, await challenge(client, user), {
      code: await freshCode(client, user),
    });
    const deviceToken = answer.headers.get('X-Device-Token')!;
    expect(cookieValue(answer, deviceCookie)).toBe(deviceToken);
    const before = await kindsTo(client, user.email);
    const options = onDevice({ deviceToken });
    const first = await challenge(client, user, {}, options);
    const code = await freshCode(client, user);
    expect((await completeChallenge(client, first, { code }, options)).status).toBe(200);
    expect(await kindsTo(client, user.email)).toEqual(before);
  });
});

describe('the code of a second step', () => {
  // More of them than a challenge takes codes. Of other types than a text: bodies.test.ts.
  const unreadable: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    'no code': {},
    'an empty one': { code: '' },
    'five digits': { code: '12345' },
    'seven digits': { code: '1234567' },
    'full-width digits': { code: '\uff11\uff12\uff13\uff14\uff15\uff16' },
    'Arabic digits': { code: '\u0661\u0662\u0663\u0664\u0665\u0666' },
    'a signed one': { code: '+12345' },
    'a fraction': { code: '12345.' },
    'one in hyphens': { code: '123-456' },
    'one that is a line longer': { code: '123456\n' },
    'too many spaces': { code: `123456${' '.repeat(27)}` },
    'a backup code as well': { code: '123456', backupCode: 'AAAA-AAAA-AAAA-AAAA-AAAA-AAAA' },
    'a backup code that is too short': { backupCode: 'AAAA-AAAA' },
    'a backup code in other letters': { backupCode: '1111-1111-1111-1111-1111-1111' },
    'a backup code as the code': { code: 'AAAA-AAAA-AAAA-AAAA-AAAA-AAAA' },
  };

  test('is refused without a round trip and without a check where it cannot be one (OTP-10)', async () => {
    const user = await twoFactorUser(client);
    const first = await challenge(client, user);
    for (const [what, proof] of Object.entries(unreadable)) {
      const answer = await completeChallenge(client, first, proof);
      expect([answer.status, answer.json.code], what).toEqual([400, 'validation_failed']);
      expect(answer.roundTrips, what).toBe(0);
    }
    await completeWithCode(client, first, user);
  });

  test('may be written in groups', async () => {
    const user = await twoFactorUser(client);
    const code = (await freshCode(client, user)).replace(/^(...)/, ' $1 ');
    const answer = await completeChallenge(client, await challenge(client, user), { code });
    expect(answer.status, answer.text).toBe(200);
  });

  test('keeps its leading zeros (OTP-10)', async () => {
    const user = await twoFactorUser(client);
    let time = Date.now();
    while (!codeAt(user.secret, time).startsWith('0')) time += 30_000;
    const then = new TestClient({}, { now: () => time });
    const code = codeAt(user.secret, time);
    await change(client, sql`UPDATE factors SET last_step = NULL WHERE user_id = ${user.userId}::uuid`);
    const first = await challenge(client, user);
    const short = await completeChallenge(then, first, { code: code.replace(/^0+/, '') });
    expectRefused(short, 400, 'validation_failed');
    expect((await completeChallenge(then, first, { code })).status).toBe(200);
  });

  test('counts for the step of now and the ones beside it, each once, and with it every earlier one (OTP-01, OTP-04)', async () => {
    const user = await twoFactorUser(client);
    // The middle of a step, so that the time that the test takes moves nothing.
    const time = Math.floor(Date.now() / 30_000) * 30_000 + 15_000;
    const then = new TestClient({}, { now: () => time });
    const codeIn = (seconds: number) => codeAt(user.secret, time + seconds * 1000);
    const complete = async (seconds: number, first?: Answer) =>
      completeChallenge(then, first ?? (await challenge(client, user)), { code: codeIn(seconds) });
    const first = await challenge(client, user);
    const taken = [-30, 0, 30].map(codeIn);
    for (const seconds of [-90, -60, 60, 90]) {
      // One in a million: then it is a code of the window as well.
      if (taken.includes(codeIn(seconds))) continue;
      expectRefused(await complete(seconds, first), 401, 'invalid_code');
    }
    expect((await complete(-30, first)).status).toBe(200);
    expect((await complete(0)).status).toBe(200);
    const next = await challenge(client, user);
    expectRefused(await complete(-30, next), 401, 'invalid_code');
    expect((await complete(30, next)).status).toBe(200);
    expectRefused(await complete(0), 401, 'invalid_code');
  });
});

describe('a sign-in without a second factor', () => {
  test('takes the two round trips of ever, and no statement about a challenge or a trusted device', async () => {
    const { email, headers } = await registerUser(client);
    const { endpoint, seen } = await faultyEndpoint();
    const watched = new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint, EMAIL_VERIFICATION: 'off' });
    const options = onDevice({ deviceToken: headers.get('X-Device-Token')! });
    const answer = await logInAs(watched, { email }, {}, options);
    expect(answer).toMatchObject({ status: 200, roundTrips: 2, hashes: 1 });
    const requests = await seen();
    expect(requests.map(({ queries }) => queries.length)).toEqual([4, 4]);
    const [reserve = '', open = ''] = requests.map(({ queries }) => queries.join('\n'));
    expect(reserve).toContain('two_factor_since');
    // The first one may lock, and then it issues a link.
    expect(open).not.toContain('INTO one_time_tokens');
    expect(reserve + open).not.toMatch(/trusted_devices|expires_at, challenge|FROM factors/);
  });

  test('passes by a token of a trusted device that is not worth anything', async () => {
    const { email } = await verifiedUser(client);
    const answer = await logInAs(client, { email }, { trustedDeviceToken: 'nxt_forged' });
    expect([answer.status, answer.json.twoFactorRequired]).toEqual([200, undefined]);
  });

  test('has nothing to complete: there is no challenge for it', async () => {
    const { email } = await verifiedUser(client);
    const answer = await logInAs(client, { email });
    expect(answer.json.challengeToken).toBeUndefined();
    expect(namesOf(answer)).not.toContain(challengeCookie);
  });
});

describe('a sign-in by the link that verifies an address', () => {
  /** An account of before verification was asked for, which has a second factor. */
  async function unverified() {
    const user = await twoFactorUser(client);
    await change(
      client,
      sql`UPDATE users SET email_verified_at = NULL, is_verification_exempt = false WHERE id = ${user.userId}::uuid`,
    );
    const token = await storeLink(client, 'verify_email', { id: user.userId, email: user.email });
    return { user, token };
  }

  test.each(['optional', 'required'])(
    'answers the challenge, spends the link, and the second step signs in, in mode %s (OTP-13)',
    async (mode) => {
      const asking = new TestClient({ EMAIL_VERIFICATION: mode });
      const { user, token } = await unverified();
      const verify = (options: Omit<CallOptions, 'body'> = {}) =>
        asking.post('/api/auth/email/verify', { token, password, transport: 'body' }, options);
      const first = await verify();
      expect(first).toMatchObject({ status: 200, setCookies: [] });
      expect(first.json).toMatchObject({ twoFactorRequired: true, methods: ['totp', 'backup_code'] });
      expect(first.json.accessToken).toBeUndefined();
      expectRefused(await verify(), 400, 'token_invalid');
      const me = await client.get('/api/auth/me', { bearer: user.accessToken });
      expect(me.status).toBe(401);
      const answer = await completeChallenge(asking, first, { code: await freshCode(client, user) });
      expect(answer.status, answer.text).toBe(200);
      expect(answer.json.user).toMatchObject({ emailVerified: true, twoFactorEnabled: true });
    },
  );

  test('on its page verifies, and opens no session that the second factor has not passed (CKE-04)', async () => {
    const { user, token } = await unverified();
    const done = await client.submit('/auth/verify-email', { token, password });
    expect([done.status, done.headers.get('Location')], done.text).toEqual([303, '/login/two-factor']);
    expect(done.headers.has('X-Device-Token')).toBe(false);
    expect(namesOf(done)).toEqual([challengeCookie]);
    expect(await countEvents(client, user, 'authn_login_success')).toBe(0);
    await expectAsked(client, user);
  });

  test('is refused before it, in mode required', async () => {
    const { user } = await unverified();
    const asking = new TestClient({ EMAIL_VERIFICATION: 'required' });
    expectRefused(await logInAs(asking, user), 403, 'email_not_verified');
  });
});

test('a sign-in after a reset is asked for the second factor, which the reset leaves on (RST-03)', async () => {
  const user = await twoFactorUser(client);
  const done = await reset(client, await linkFor(client, user.email));
  expect(done.status).toBe(200);
  expect(done.json.accessToken).toBeUndefined();
  const text = 'a heron over the still canal';
  await signInWithCode(client, user, { password: text });
});

test('an account has at most a hundred open challenges: a further one ends the oldest (SES-20)', async () => {
  const user = await twoFactorUser(client);
  const first = await challenge(client, user);
  const second = await challenge(client, user);
  await change(
    client,
    sql`INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, expires_at, challenge)
      SELECT sha256((n || ${user.userId})::bytea), t.kind, t.owner_id, t.email, t.expires_at, t.challenge
      FROM generate_series(1, 98) n, one_time_tokens t
      WHERE t.owner_id = ${user.userId}::uuid AND t.created_at = (
        SELECT max(x.created_at) FROM one_time_tokens x WHERE x.owner_id = ${user.userId}::uuid)`,
  );
  await challenge(client, user);
  const [row] = await databaseOf(client).query<{ count: number }>(sql`
    SELECT count(*)::int AS count FROM one_time_tokens
    WHERE owner_id = ${user.userId}::uuid AND kind = 'two_factor_challenge' AND spent_at IS NULL`);
  expect(row?.count).toBe(100);
  const code = await freshCode(client, user);
  expectRefused(await completeChallenge(client, first, { code }), 401, 'challenge_expired');
  expect((await completeChallenge(client, second, { code })).status).toBe(200);
});
