import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { expectProblem } from '../../contract/expect-problem.ts';
import { insertTwoFactorAccount } from '../../contract/two-factor-account.ts';
import { freshEmail, logIn, password, registerUser } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { faultyEndpoint, query } from '../../support/database.ts';
import { tokenFrom } from '../../support/mailbox.ts';
import { slowTest } from '../../support/slow.ts';
import { claimsOf } from '../sessions/session-fixtures.ts';

// Without the mail of the registration.
const client = new TestClient({ EMAIL_VERIFICATION: 'off' });
const path = '/api/auth/me/export';
const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

/** A link and a mail as they are exported; the mail has not gone out yet. */
const linkOf = (kind: string, email: string, targetEmail: string | null) => {
  return { kind, email, targetEmail, createdAt: isoTime, expiresAt: isoTime };
};
const mailOf = (kind: string, recipient: string) => {
  return { kind, recipient, locale: null, createdAt: isoTime, finishedAt: null, outcome: null };
};

async function newAccount() {
  const { json, email } = await registerUser(client);
  const bearer = json.accessToken as string;
  return { email, json, bearer, userId: json.user.id as string, sessionId: String(claimsOf(bearer).sid) };
}

function exportOf(bearer: string, by = client): Promise<Answer> {
  return by.get(path, { bearer });
}

function ageAuthentication(sessionId: string, seconds: number): Promise<unknown> {
  return query(sql`
    UPDATE sessions SET authenticated_at = now() - make_interval(secs => ${seconds}::int) WHERE id = ${sessionId}::uuid`);
}

async function exportsRecorded(userId: string): Promise<readonly unknown[]> {
  return query(sql`
    SELECT e.outcome, e.reason, e.session_id FROM security_events e
    WHERE e.user_id = ${userId}::uuid AND e.type = 'sensitive_read'`);
}

/** What the account has used up of its exports. */
async function countOf(userId: string): Promise<number> {
  const [row] = await query<{ count: number }>(sql`
    SELECT count FROM login_attempts WHERE bucket = ${`user:${userId}:export`}`);
  return row?.count ?? 0;
}

describe('GET /api/auth/me/export', () => {
  test('downloads all that is held about the user, in one round trip (PRV-06)', async () => {
    const { email, bearer, userId, sessionId } = await newAccount();
    await logIn(client, email);
    const headers = { 'User-Agent': 'curl/8.5', 'CF-Connecting-IP': '203.0.113.7' };
    await client.post('/api/auth/login', { email, password: 'wrong' }, { headers });
    const answer = await exportOf(bearer);
    expect(answer).toMatchObject({ status: 200, roundTrips: 1, setCookies: [] });
    expect(answer.headers.get('Content-Disposition')).toBe('attachment; filename="nexora-account.json"');
    expect(answer.headers.get('Content-Type')).toMatch(/^application\/json/);
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    const session = {
      id: expect.any(String),
      createdAt: isoTime,
      lastActiveAt: isoTime,
      authenticatedAt: isoTime,
      secondFactorAt: null,
      expiresAt: isoTime,
      ipAddress: expect.toBeOneOf([null, expect.any(String)]),
      location: null,
      userAgent: null,
      device: null,
      method: 'password',
    };
    const event = {
      about: null,
      id: expect.any(String),
      at: isoTime,
      outcome: 'success',
      method: 'password',
      reason: null,
      sessionId: expect.any(String),
      ipAddress: expect.toBeOneOf([null, expect.any(String)]),
      userAgent: null,
      location: null,
    };
    expect(answer.json).toEqual({
      success: true,
      user: {
        id: userId,
        email,
        name: 'Test User',
        locale: null,
        emailVerifiedAt: null,
        twoFactorSince: null,
        hasPassword: true,
        recoverySince: null,
        recoveryCause: null,
        oauthProvider: null,
        oauthId: null,
        createdAt: isoTime,
        updatedAt: isoTime,
      },
      sessions: [session, { ...session, id: sessionId }],
      securityEvents: [
        {
          ...event,
          type: 'authn_login_fail',
          outcome: 'failure',
          reason: 'wrong_password',
          sessionId: null,
          ipAddress: '203.0.113.7',
          userAgent: 'curl/8.5',
        },
        { ...event, type: 'authn_login_success' },
        { ...event, type: 'user_created', sessionId },
      ],
      // Of the login, on a device that the account did not know.
      links: [linkOf('not_me', email, null)],
      mails: [mailOf('new_device', email)],
      twoFactor: { factors: [], backupCodes: [], devices: [], resetAt: null },
      trustedDevices: [],
      identities: [],
    });
  });

  test('holds nobody else’s data, and no hash, counter, token or device id (PRV-06, PRV-07)', async () => {
    const [mine, other] = [await newAccount(), await newAccount()];
    const { text, json } = await exportOf(mine.bearer);
    const rows = await query<{ hash: string; device: string }>(sql`
      SELECT u.password_hash AS hash, s.device_id AS device FROM users u JOIN sessions s ON s.user_id = u.id
      WHERE u.id = ${mine.userId}::uuid`);
    const secrets = [mine.json.accessToken, mine.json.refreshToken, password, rows[0]!.hash, rows[0]!.device];
    for (const absent of [...secrets, other.email, other.userId, other.sessionId]) {
      expect(text).not.toContain(absent);
    }
    expect(text).not.toMatch(
      /argon2|nxr_|counter|_hash|device_?id|generation|banned|exempt|legacy|rotated|amr/i,
    );
    const members = ['user', 'securityEvents', 'sessions', 'mails', 'links', 'trustedDevices', 'twoFactor'];
    expect(Object.keys(json)).toEqual(['success', ...members, 'identities']);
  });

  test('holds the links that were sent and the mails about the user, without what opens anything (PRV-06, PRV-07)', async () => {
    const { email, bearer } = await newAccount();
    const headers = { 'CF-Connecting-IP': '198.51.100.20' };
    const newEmail = freshEmail();
    const request = (address: string) =>
      client.post('/api/auth/email/change', { newEmail: address }, { bearer, headers });
    await request(newEmail);
    const token = await tokenFrom(client, newEmail, 'confirm_email_change');
    await client.post('/api/auth/email/change/confirm', { token }, { bearer });
    const pendingEmail = freshEmail();
    await request(pendingEmail);
    const { json, text } = await exportOf(bearer);
    expect(json.links).toEqual([
      linkOf('change_email', pendingEmail, pendingEmail),
      linkOf('revert_email', email, email),
    ]);
    expect(json.mails).toEqual([mailOf('email_changed', email)]);
    const rows = await query<{ hash: string; sealed: string }>(sql`
      SELECT encode(t.token_hash, 'hex') AS hash, m.sealed FROM one_time_tokens t, mail_outbox m
      WHERE t.email = ${pendingEmail} AND m.recipient = ${email}`);
    const revertToken = await tokenFrom(client, email, 'email_changed');
    for (const absent of [token, revertToken, rows[0]!.hash, rows[0]!.sealed])
      expect(text).not.toContain(absent);
  });

  test('holds what belongs to a second factor, without what opens anything (PRV-06, PRV-07)', async () => {
    const user = await insertTwoFactorAccount(client);
    const answer = await exportOf(user.accessToken);
    expect(answer.json.user.twoFactorSince).toEqual(isoTime);
    expect(answer.json.sessions).toMatchObject([{ secondFactorAt: isoTime }]);
    const factor = { id: expect.any(String), kind: 'totp', name: 'Authenticator app', startedAt: isoTime };
    expect(answer.json.twoFactor).toEqual({
      factors: expect.arrayContaining([
        { ...factor, addedAt: isoTime, lastUsedAt: isoTime },
        { ...factor, addedAt: null, lastUsedAt: null },
      ]),
      backupCodes: Array(10).fill({ createdAt: isoTime, usedAt: null }),
      devices: [{ completedAt: isoTime, lastMissedAt: null }],
      resetAt: isoTime,
    });
    expect(answer.json.twoFactor.factors).toHaveLength(2);
    expect(answer.json.trustedDevices).toEqual([
      {
        ...{ id: user.trustedDeviceId, device: null, location: null },
        ...{ addedAt: isoTime, lastUsedAt: isoTime, expiresAt: isoTime },
      },
    ]);
    // The challenge of a sign-in is no link.
    expect(answer.json.links.map(({ kind }: { kind: string }) => kind)).toEqual(['keep_two_factor']);
    const stored = await query<{ text: string }>(sql`
      SELECT f.secret_sealed AS text FROM factors f WHERE f.user_id = ${user.userId}::uuid
      UNION ALL SELECT encode(b.code_hash, 'hex') FROM backup_codes b WHERE b.user_id = ${user.userId}::uuid
      UNION ALL SELECT encode(t.token_hash, 'hex') FROM one_time_tokens t WHERE t.owner_id = ${user.userId}::uuid`);
    expect(stored).toHaveLength(2 + 10 + 2);
    const shown = [
      user.secret,
      user.setupSecret,
      user.challengeToken,
      user.keepToken,
      user.trustedDeviceToken,
    ];
    for (const absent of [...stored.map(({ text }) => text), ...shown, ...user.backupCodes])
      expect(answer.text).not.toContain(absent);
  });

  test('holds what the legacy system stored about a sign-in by a provider', async () => {
    const { bearer, userId } = await newAccount();
    await query(sql`
      UPDATE users SET oauth_provider = 'google', oauth_id = ${userId} WHERE id = ${userId}::uuid`);
    expect((await exportOf(bearer)).json.user).toMatchObject({ oauthProvider: 'google', oauthId: userId });
  });

  slowTest('holds at most the ten thousand newest events', async () => {
    const { bearer, userId } = await newAccount();
    await query(sql`
      INSERT INTO security_events (user_id, type, outcome, request_id, at)
      SELECT ${userId}::uuid, 'stored', 'success', gen_random_uuid(), now() - n * interval '1 second'
      FROM generate_series(1, 10005) n`);
    const { securityEvents } = (await exportOf(bearer)).json;
    expect(securityEvents).toHaveLength(10_000);
    expect(securityEvents[0].type).toBe('user_created');
  });

  test('is recorded as a read of sensitive data, with the session (LOG-04)', async () => {
    const { bearer, userId, sessionId } = await newAccount();
    await exportOf(bearer);
    const record = { outcome: 'success', reason: 'account_export', session_id: sessionId };
    expect(await exportsRecorded(userId)).toEqual([record]);
    expect((await exportOf(bearer)).json.securityEvents[0]).toMatchObject({ type: 'sensitive_read' });
  });

  test('is recorded and counted once when the answer was lost (DBF-10, LIM-16)', async () => {
    const { bearer, userId } = await newAccount();
    const faulty = await faultyEndpoint(['commit-then-drop']);
    const answer = await exportOf(bearer, new TestClient({ DATABASE_HTTP_ENDPOINT: faulty.endpoint }));
    expect(answer).toMatchObject({ status: 200, roundTrips: 2 });
    expect(await exportsRecorded(userId)).toHaveLength(1);
    expect(await countOf(userId)).toBe(1);
  });
});

describe('the sixth export of an account in an hour', () => {
  test('is 429, reads and records nothing, whatever session asks, until the hour is over (LIM-16, LIM-08)', async () => {
    const { email, bearer, userId } = await newAccount();
    for (let number = 1; number <= 5; number++) expect((await exportOf(bearer)).status).toBe(200);
    const second = await logIn(client, email);
    for (const token of [bearer, second.json.accessToken]) {
      const answer = await exportOf(token);
      expectProblem(answer, 429, 'too_many_attempts');
      expect(answer).toMatchObject({ roundTrips: 1 });
      const seconds = Number(answer.headers.get('Retry-After'));
      expect(seconds).toBeGreaterThan(3590);
      expect(seconds).toBeLessThanOrEqual(3600);
      expect(answer.headers.get('RateLimit-Policy')).toBe('"attempts";q=5;w=3600');
      expect(answer.headers.get('RateLimit')).toBe(`"attempts";r=0;t=${seconds}`);
      expect(answer.headers.has('Content-Disposition')).toBe(false);
    }
    expect(await exportsRecorded(userId)).toHaveLength(5);
    expect(await countOf(userId)).toBe(5);
    expect((await exportOf((await newAccount()).bearer)).status).toBe(200);
    await query(sql`
      UPDATE login_attempts SET window_ends_at = now() WHERE bucket = ${`user:${userId}:export`}`);
    expect((await exportOf(bearer)).status).toBe(200);
    expect(await countOf(userId)).toBe(1);
  });

  test('is another one than those that a gate refused, which spend none (LIM-16, SES-15)', async () => {
    const { bearer, userId, sessionId } = await newAccount();
    await ageAuthentication(sessionId, 601);
    for (let number = 1; number <= 6; number++)
      expectProblem(await exportOf(bearer), 403, 'reauthentication_required');
    expect(await countOf(userId)).toBe(0);
    await ageAuthentication(sessionId, 0);
    expect((await exportOf(bearer)).status).toBe(200);
  });

  test('locks no login, and the count goes with the account (LIM-16, PRV-03)', async () => {
    const { email, bearer, userId } = await newAccount();
    for (let number = 1; number <= 6; number++) await exportOf(bearer);
    expect((await logIn(client, email)).status).toBe(200);
    expect((await client.call('DELETE', '/api/auth/me', { bearer, body: { password } })).status).toBe(200);
    expect(await countOf(userId)).toBe(0);
  });
});

describe('an export without a recent authentication', () => {
  test('is not helped by a refresh, however new the access token is (SES-15)', async () => {
    const { json, sessionId } = await newAccount();
    await ageAuthentication(sessionId, 601);
    const refreshed = await client.post('/api/auth/refresh', { refreshToken: json.refreshToken });
    expectProblem(await exportOf(refreshed.json.accessToken), 403, 'reauthentication_required');
  });
});
