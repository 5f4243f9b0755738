import { decodeJwt } from 'jose';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshEmail, logIn, otherPassword, password } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { faultyEndpoint } from '../../support/database.ts';
import { forgeLink, storeLink } from '../../support/links.ts';
import { mailsTo, tokenFrom } from '../../support/mailbox.ts';
import { plantedFactor } from '../../support/planted-factor.ts';
import { randomSecret } from '../../support/test-env.ts';
import {
  accountsOf,
  databaseOf,
  hold,
  otherPasswords,
  postRegistration,
  registerForToken,
  requiredClient,
  resend,
  unverifiedAccount,
  verify,
  waitingFor,
} from './pending-registrations.ts';

/** With accounts at once, and with accounts that begin with the verification. */
const open = new TestClient();
const required = requiredClient();

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});

async function isVerified(email: string): Promise<boolean> {
  return (await accountsOf(open, email))[0]!.is_verified;
}

async function eventsOf(userId: string) {
  return databaseOf(open).query<{ type: string; method: string | null; reason: string | null }>(sql`
    SELECT type, method, reason FROM security_events WHERE user_id = ${userId}::uuid ORDER BY type, reason NULLS FIRST`);
}

async function sessionsOf(userId: string): Promise<string[]> {
  const rows = await databaseOf(open).query<{ id: string }>(
    sql`SELECT id FROM sessions WHERE user_id = ${userId}::uuid`,
  );
  return rows.map(({ id }) => id);
}

// That it is not enough by itself: test/features/link-holder/link-holder.security.test.ts.
describe('POST /api/auth/email/verify with the token of an account', () => {
  test('and its live session answers the user without tokens, in one round trip and no hash', async () => {
    const { email, token, json } = await unverifiedAccount(open);
    const answer = await verify(open, { token, password: 'ignored' }, { bearer: json.accessToken });
    expect(answer).toMatchObject({ status: 200, roundTrips: 1, hashes: 0, setCookies: [] });
    expect(answer.json).toStrictEqual({
      success: true,
      user: { ...json.user, emailVerified: true, updatedAt: expect.any(String) },
    });
    expect(await isVerified(email)).toBe(true);
    expect(answer.headers.get('X-Device-Token')).toBeNull();
  });

  test('and its password signs in as a login does, in two round trips and one hash', async () => {
    const { token, json, userId } = await unverifiedAccount(open);
    const answer = await verify(open, { token, password });
    expect(answer).toMatchObject({ status: 200, roundTrips: 2, hashes: 1 });
    const login = await logIn(open, json.user.email);
    expect(Object.keys(answer.json)).toEqual(Object.keys(login.json));
    expect(answer.json.user).toMatchObject({ id: userId, emailVerified: true });
    expect(answer.setCookies).toHaveLength(3);
    const me = await open.get('/api/auth/me', { bearer: answer.json.accessToken });
    expect(me.json.user).toEqual(answer.json.user);
    const device = { 'X-Device-Token': answer.headers.get('X-Device-Token') ?? '' };
    expect(device['X-Device-Token']).toMatch(/^nxd_/);
    expect(decodeJwt(answer.json.accessToken)).toMatchObject({ sub: userId, amr: ['pwd'] });
  });

  test.each([
    ['cookie', 3, false],
    ['body', 0, true],
  ])('answers tokens by %s alone where that is asked for', async (transport, cookies, hasBodyToken) => {
    const { token } = await unverifiedAccount(open);
    const answer = await verify(open, { token, password, transport });
    expect(answer.setCookies).toHaveLength(cookies);
    expect('refreshToken' in answer.json).toBe(hasBodyToken);
  });

  test('ends all other sessions at the first verification, and none at a later one (LNK-05)', async () => {
    for (const by of ['session', 'password']) {
      const account = await unverifiedAccount(open);
      await logIn(open, account.email);
      await resend(open, account.email);
      const second = await tokenFrom(open, account.email, 'verify_email');
      const { accessToken: bearer } = account.json;
      const first =
        by === 'session'
          ? await verify(open, { token: account.token }, { bearer })
          : await verify(open, { token: account.token, password });
      const current = by === 'session' ? bearer : first.json.accessToken;
      expect(await sessionsOf(account.userId), by).toEqual([decodeJwt(current).sid]);
      expect(
        (await eventsOf(account.userId)).filter(({ reason }) => reason === 'email_verified'),
      ).toMatchObject([
        { type: 'authn_token_revoked' },
        ...(by === 'password' ? [{ type: 'authn_token_revoked' }] : []),
        { type: 'user_updated' },
      ]);
      // Earlier links are revoked.
      expect((await verify(open, { token: second }, { bearer: current })).json.code).toBe('token_invalid');
      // One that is made later ends nothing.
      await logIn(open, account.email);
      const { userId: id, email } = account;
      const late = await storeLink(open, 'verify_email', { id, email });
      expect((await verify(open, { token: late }, { bearer: current })).status).toBe(200);
      expect(await sessionsOf(account.userId)).toHaveLength(2);
    }
  });

  test('deletes pending registrations of the address at the first verification', async () => {
    const { email, token, json } = await unverifiedAccount(open);
    const waiting = await registerForToken(required, email, otherPasswords);
    await verify(open, { token }, { bearer: json.accessToken });
    expect(await waitingFor(open, email)).toBe(0);
    expect((await verify(open, { token: waiting, password: otherPassword })).json.code).toBe('token_invalid');
  });

  test.each<[string, (account: { userId: string; email: string }) => ReturnType<typeof sql>]>([
    [
      'expired',
      ({ userId }) => sql`UPDATE one_time_tokens SET expires_at = now() WHERE owner_id = ${userId}::uuid`,
    ],
    [
      'of an address that is not the account\u2019s any more',
      ({ userId }) => sql`UPDATE users SET email = ${freshEmail()} WHERE id = ${userId}::uuid`,
    ],
    [
      'of a banned account',
      ({ userId }) => sql`UPDATE users SET banned_at = now() WHERE id = ${userId}::uuid`,
    ],
    ['of an account that is gone', ({ userId }) => sql`DELETE FROM users WHERE id = ${userId}::uuid`],
    [
      'of another kind',
      ({ userId }) =>
        sql`UPDATE one_time_tokens SET kind = 'reset_password' WHERE owner_id = ${userId}::uuid`,
    ],
  ])(
    'that is %s is token_invalid, with the password, a session or nothing (EML-06, ENU-09)',
    async (_what, change) => {
      const account = await unverifiedAccount(open);
      const { token, json, userId } = account;
      await databaseOf(open).query(change(account));
      const answers = [
        await verify(open, { token, password }),
        await verify(open, { token, password: otherPassword }),
        await verify(open, { token }, { bearer: json.accessToken }),
        await verify(open, { token }),
      ];
      const texts = answers.map(({ text, json: { requestId } }) => text.replace(requestId, ''));
      expect(new Set(texts).size).toBe(1);
      for (const answer of answers) expect(answer).toMatchObject({ status: 400, hashes: 0, setCookies: [] });
      expect(answers[0]!.json.code).toBe('token_invalid');
      const [row] = await databaseOf(open).query(
        sql`SELECT 1 FROM users WHERE id = ${userId}::uuid AND email_verified_at IS NOT NULL`,
      );
      expect(row).toBeUndefined();
    },
  );

  test('lives at most 24 hours, is stored as a hash, and works once (EML-06, IDM-02)', async () => {
    const { userId, token, json } = await unverifiedAccount(open);
    const [row] = await databaseOf(open).query<{ hours: number; stored: string }>(sql`
      SELECT extract(epoch FROM expires_at - created_at)::float8 / 3600 AS hours, t::text AS stored
      FROM one_time_tokens t WHERE owner_id = ${userId}::uuid`);
    expect(row!.hours).toBeLessThanOrEqual(24);
    expect(row!.stored).not.toContain(token);
    const { accessToken: bearer } = json;
    expect((await verify(open, { token }, { bearer })).status).toBe(200);
    for (const again of [await verify(open, { token }, { bearer }), await verify(open, { token, password })])
      expect(again.json.code).toBe('token_invalid');
  });

  test.each(['', 'nxv_', 'x', 'nxv_AAAA', `nxv_${'A'.repeat(86)}`, 'nxr_x', '\u0000'])(
    'that is forged (%j) is refused without the database (EML-06)',
    async (token) => {
      const answer = await verify(open, { token, password });
      expect(answer).toMatchObject({ status: 400, roundTrips: 0, hashes: 0 });
    },
  );

  test('that was made with another secret is refused without the database', async () => {
    const { token } = forgeLink(new TestClient({ AUTH_SECRET: randomSecret() }), 'verify_email');
    const answer = await verify(open, { token, password });
    expect(answer).toMatchObject({ status: 400, roundTrips: 0 });
    expect(answer.json.code).toBe('token_invalid');
  });

  test.each(['session', 'password'])(
    'by %s, whose answer was lost, is answered by what was done, once (DBF-07)',
    async (by) => {
      const account = await unverifiedAccount(open);
      const { token, json, userId } = account;
      const { endpoint, seen } = await faultyEndpoint(
        by === 'session' ? ['commit-then-drop'] : ['pass', 'commit-then-drop'],
      );
      const faulty = new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint });
      const answer =
        by === 'session'
          ? await verify(faulty, { token }, { bearer: json.accessToken })
          : await verify(faulty, { token, password });
      expect(answer.status, answer.text).toBe(200);
      expect((await seen()).at(-2)?.fault).toBe('commit-then-drop');
      expect(answer.json.user).toMatchObject({ id: userId, emailVerified: true });
      const { accessToken } = by === 'session' ? json : answer.json;
      expect(await sessionsOf(userId)).toEqual([decodeJwt(accessToken).sid]);
      expect((await eventsOf(userId)).filter(({ type }) => type === 'user_updated')).toHaveLength(1);
    },
  );
});

describe('POST /api/auth/email/verify with the token of a pending registration', () => {
  test('and its password creates the account, verified and signed in, in two round trips and one hash', async () => {
    const email = freshEmail();
    const token = await registerForToken(required, email, { name: 'Zo\u00eb' });
    expect(await accountsOf(open, email)).toEqual([]);
    const answer = await verify(required, { token, password });
    expect(answer).toMatchObject({ status: 200, roundTrips: 2, hashes: 1 });
    expect(answer.json.user).toMatchObject({
      email,
      name: 'Zo\u00eb',
      emailVerified: true,
      hasPassword: true,
    });
    expect(answer.setCookies).toHaveLength(3);
    const { id } = answer.json.user;
    expect(await eventsOf(id)).toEqual([
      { type: 'authn_login_success', method: 'password', reason: null },
      { type: 'user_created', method: 'password', reason: null },
      { type: 'user_updated', method: null, reason: 'email_verified' },
    ]);
    expect(await waitingFor(open, email)).toBe(0);
    expect((await open.get('/api/auth/me', { bearer: answer.json.accessToken })).json.user).toEqual(
      answer.json.user,
    );
    expect((await logIn(required, email)).json.user).toEqual(answer.json.user);
    expect((await verify(required, { token, password })).json.code).toBe('token_invalid');
  });

  test('activates the password of the link that was followed, and drops the others (LNK-06)', async () => {
    const email = freshEmail();
    const attackers = await registerForToken(required, email, otherPasswords);
    const victims = await registerForToken(required, email);
    expect((await verify(required, { token: victims, password })).status).toBe(200);
    expect((await required.post('/api/auth/login', { email, password })).status).toBe(200);
    expect((await required.post('/api/auth/login', { email, password: otherPassword })).status).toBe(401);
    const late = await verify(required, { token: attackers, password: otherPassword });
    expect(late.json.code).toBe('token_invalid');
  });

  test('is password_required without its own password, even with that of another pending registration (LNK-07)', async () => {
    const email = freshEmail();
    const attackers = await registerForToken(required, email, otherPasswords);
    await registerForToken(required, email);
    for (const body of [{ token: attackers }, { token: attackers, password }]) {
      expect((await verify(required, body)).json.code).toBe('password_required');
      expect(await accountsOf(open, email)).toEqual([]);
    }
    const page = await required.get(`/auth/verify-email?token=${attackers}`);
    expect(page).toMatchObject({ status: 200, roundTrips: 0 });
    const form = await required.submit('/auth/verify-email', { token: attackers, password: '' });
    expect(form).toMatchObject({ status: 400, setCookies: [] });
    expect(await accountsOf(open, email)).toEqual([]);
  });

  test('counts wrong passwords at all links of one pending registration, and at no other (LIM-03, LIM-11)', async () => {
    const limited = requiredClient({ LOGIN_ATTEMPTS_MAX: '3' });
    const email = freshEmail();
    const other = await registerForToken(required, email);
    const token = await registerForToken(required, email);
    await resend(required, email);
    const renewed = await tokenFrom(required, email, 'confirm_registration');
    expect(renewed).not.toBe(token);
    const guesses = [token, renewed, token, renewed];
    const statuses: number[] = [];
    for (const guess of guesses)
      statuses.push((await verify(limited, { token: guess, password: otherPassword })).status);
    expect(statuses).toEqual([400, 400, 400, 429]);
    expect((await verify(limited, { token, password })).status).toBe(429);
    expect((await verify(limited, { token: other, password })).status).toBe(200);
  });

  test('works while strangers guess at the address, whose attempts count on (LIM-02, LIM-03)', async () => {
    const limited = requiredClient({ LOGIN_ATTEMPTS_MAX: '3' });
    const email = freshEmail();
    const token = await registerForToken(required, email);
    const statuses: number[] = [];
    for (const _ of Array(4))
      statuses.push((await limited.post('/api/auth/login', { email, password: otherPassword })).status);
    expect(statuses).toEqual([401, 401, 401, 429]);
    expect((await verify(limited, { token, password })).status).toBe(200);
    expect((await limited.post('/api/auth/login', { email, password })).status).toBe(429);
  });

  test('of an expired pending registration is token_invalid, even if the link has not expired (CRN-05)', async () => {
    const email = freshEmail();
    const token = await registerForToken(required, email);
    await databaseOf(open).query(
      sql`UPDATE registration_attempts SET expires_at = now() WHERE email = ${email}`,
    );
    const answer = await verify(required, { token, password });
    expect(answer).toMatchObject({ status: 400, roundTrips: 1, hashes: 0 });
    expect(answer.json.code).toBe('token_invalid');
    expect(await accountsOf(open, email)).toEqual([]);
  });

  test('is no way to swallow the mail about a lock (LIM-13)', async () => {
    const limited = new TestClient({ LOGIN_ATTEMPTS_MAX: '2' });
    const { email, token } = await unverifiedAccount(open);
    const statuses: number[] = [];
    for (const _ of Array(4))
      statuses.push((await verify(limited, { token, password: otherPassword })).status);
    expect(statuses).toEqual([400, 400, 429, 429]);
    expect((await limited.post('/api/auth/login', { email, password })).status).toBe(429);
    expect((await mailsTo(open, email)).map(({ kind }) => kind)).toEqual(['verify_email', 'account_locked']);
  });

  test('checked for the last time answers the repeat of a lost answer as well (LIM-03)', async () => {
    const { email, token } = await unverifiedAccount(open);
    const { endpoint } = await faultyEndpoint(['commit-then-drop']);
    const limits = { LOGIN_ATTEMPTS_MAX: '1' };
    const faulty = new TestClient({ ...limits, DATABASE_HTTP_ENDPOINT: endpoint });
    expect((await verify(faulty, { token, password })).status).toBe(200);
    expect(await isVerified(email)).toBe(true);
  });

  test('claims an unverified account: the id stays, what was added to it goes (LNK-05, LNK-06)', async () => {
    const attacker = await unverifiedAccount(open);
    const { email, userId } = attacker;
    await databaseOf(open).query(sql`
      INSERT INTO one_time_tokens (token_hash, kind, owner_id, target_email, expires_at)
      SELECT sha256(convert_to(k.kind || ${userId}::text, 'UTF8')), k.kind, ${userId}::uuid, 'evil@example.com', now() + interval '1 day'
      FROM unnest(ARRAY['change_email', 'reset_password', 'revert_email', 'not_me', 'unlock']) AS k (kind)`);
    const token = await registerForToken(required, email, { ...otherPasswords, name: 'The Owner' });
    const answer = await verify(required, { token, password: otherPassword });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.json.user).toMatchObject({ id: userId, email, name: 'The Owner', emailVerified: true });
    expect(await accountsOf(open, email)).toMatchObject([{ id: userId, device_generation: 1 }]);
    expect(await sessionsOf(userId)).toEqual([decodeJwt(answer.json.accessToken).sid]);
    expect((await open.get('/api/auth/me', { bearer: attacker.json.accessToken })).status).toBe(401);
    expect((await open.post('/api/auth/login', { email, password })).status).toBe(401);
    expect((await verify(open, { token: attacker.token, password })).json.code).toBe('token_invalid');
    const left = await databaseOf(open).query(
      sql`SELECT 1 FROM one_time_tokens WHERE owner_id = ${userId}::uuid`,
    );
    expect(left).toEqual([]);
    expect((await logIn(open, email, otherPasswordOnly)).json.user.id).toBe(userId);
  });

  test('takes an address that was left as a typing error from who can have it back', async () => {
    const email = freshEmail();
    const token = await registerForToken(required, email);
    await hold(open, email);
    await databaseOf(open).query(
      sql`UPDATE one_time_tokens SET way_back = 'corrected' WHERE kind = 'revert_email' AND target_email = ${email}`,
    );
    expect((await verify(required, { token, password })).status).toBe(200);
  });

  // Other spellings, test/contract/claimed-addresses.test.ts has.
  test.each<[string, (email: string) => Promise<unknown>]>([
    ['former owner who can have it back', async (email) => hold(open, email)],
    ['verified account', async (email) => takeAddress(email, sql`now()`, sql`false`, sql`NULL`)],
    ['account from before the upgrade', async (email) => takeAddress(email, sql`NULL`, sql`true`, sql`NULL`)],
    ['banned account', async (email) => takeAddress(email, sql`NULL`, sql`false`, sql`now()`)],
  ])('whose address has a %s by now is token_invalid, and changes nothing', async (_what, take) => {
    const email = freshEmail();
    const token = await registerForToken(required, email);
    await take(email);
    const before = await accountsOf(open, email);
    for (const body of [{ token, password }, { token }, { token, password: otherPassword }])
      expect((await verify(required, body)).json.code).toBe('token_invalid');
    expect(await accountsOf(open, email)).toEqual(before);
  });

  test('expires after 24 hours, and the pending registration after seven days (CRN-05)', async () => {
    const email = freshEmail();
    const token = await registerForToken(required, email);
    const [row] = await databaseOf(open).query<{ days: number }>(sql`
      SELECT extract(epoch FROM expires_at - created_at)::float8 / 86400 AS days FROM registration_attempts WHERE email = ${email}`);
    expect(row!.days).toBeCloseTo(7);
    await databaseOf(open).query(sql`UPDATE one_time_tokens SET expires_at = now() WHERE email = ${email}`);
    expect((await verify(required, { token, password })).json.code).toBe('token_invalid');
    await resend(required, email);
    const fresh = await tokenFrom(open, email, 'confirm_registration');
    await databaseOf(open).query(
      sql`UPDATE registration_attempts SET expires_at = now() WHERE email = ${email}`,
    );
    expect((await verify(required, { token: fresh, password })).json.code).toBe('token_invalid');
    expect((await required.post('/api/auth/login', { email, password })).status).toBe(401);
    await resend(required, email);
    expect(await mailsTo(open, email)).toHaveLength(2);
  });

  test('whose answer was lost is answered by the account that was made (DBF-07)', async () => {
    for (const isClaim of [false, true]) {
      const email = isClaim ? (await unverifiedAccount(open)).email : freshEmail();
      const token = await registerForToken(required, email);
      const { endpoint } = await faultyEndpoint(['pass', 'commit-then-drop']);
      const faulty = requiredClient({ DATABASE_HTTP_ENDPOINT: endpoint });
      const answer = await verify(faulty, { token, password });
      expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 3 });
      const { id } = answer.json.user;
      const generation = isClaim ? 1 : 0;
      expect(await accountsOf(open, email)).toMatchObject([
        { id, is_verified: true, device_generation: generation },
      ]);
      expect(await sessionsOf(id)).toEqual([decodeJwt(answer.json.accessToken).sid]);
      const requestId = answer.headers.get('X-Request-Id');
      const recorded = await databaseOf(open).query<{ type: string }>(
        sql`SELECT type FROM security_events WHERE request_id = ${requestId}::uuid ORDER BY type`,
      );
      expect(recorded.map(({ type }) => type)).toEqual([
        'authn_login_success',
        isClaim ? 'authn_token_revoked' : 'user_created',
        'user_updated',
      ]);
    }
  });
});

const otherPasswordOnly = { password: otherPassword };

function takeAddress(
  email: string,
  verifiedAt: ReturnType<typeof sql>,
  isExempt: ReturnType<typeof sql>,
  bannedAt: ReturnType<typeof sql>,
) {
  return databaseOf(open).query(sql`
    INSERT INTO users (email, name, email_verified_at, is_verification_exempt, banned_at)
    VALUES (${email}, 'Owner', ${verifiedAt}, ${isExempt}, ${bannedAt})`);
}

// With its password and on its page: test/features/two-factor/sign-in.test.ts. That no pending registration takes it over:
// test/features/addresses/second-factor.security.test.ts.
describe('an account that asks for a second factor', () => {
  const factor = plantedFactor('Two Factors', ['totp']);
  const asking = (variables = {}) =>
    new TestClient(variables, { features: [{ loadRules: async () => ({ secondFactors: [factor] }) }] });

  async function twoFactorAccount() {
    const account = await unverifiedAccount(open);
    await databaseOf(open).query(
      sql`UPDATE users SET name = 'Two Factors' WHERE id = ${account.userId}::uuid`,
    );
    return account;
  }

  test('is verified on the page where nobody hosts the second step, which sets no cookie', async () => {
    const { email, token, userId } = await twoFactorAccount();
    const answer = await asking({ HOSTED_PAGES: 'false' }).submit('/auth/verify-email', { token, password });
    expect(answer).toMatchObject({ status: 200, setCookies: [] });
    expect(await isVerified(email)).toBe(true);
    expect(await sessionsOf(userId)).toEqual([]);
  });

  test('is verified by its session, which goes on', async () => {
    const { token, userId, json } = await twoFactorAccount();
    const answer = await verify(asking(), { token }, { bearer: json.accessToken });
    expect(answer.json.user).toMatchObject({ id: userId, emailVerified: true });
    expect(await sessionsOf(userId)).toHaveLength(1);
  });
});

describe('a mail that cannot be written about', () => {
  test('blocks no account: a later resend delivers (EML-12)', async () => {
    const { email } = await unverifiedAccount(open);
    await databaseOf(open).query(
      sql`UPDATE mail_outbox SET finished_at = now(), outcome = 'given_up', sealed = NULL WHERE recipient = ${email}`,
    );
    await resend(open, email);
    const token = await tokenFrom(open, email, 'verify_email');
    expect((await verify(open, { token, password })).status).toBe(200);
    expect((await postRegistration(open, email)).status).toBe(409);
  });
});
