import { beforeAll, describe, expect, test } from 'vitest';
import { sealedPrefix } from '../../src/crypto/seal.ts';
import { sql } from '../../src/db/sql.ts';
import { resealSecrets } from '../../src/features/two-factor/totp-secret.ts';
import {
  codeFor,
  providerUser,
  reauthenticateBy as reauthenticateByMail,
  wrongCode as wrongMailedCode,
} from '../features/email-code/provider-account.ts';
import {
  registerForToken,
  requiredClient,
  resend,
  unverifiedAccount,
  verify,
} from '../features/email-verification/pending-registrations.ts';
import { forget } from '../features/password/password-reset.ts';
import { ownersRoutes, prove } from '../features/password/signed-in-owner.ts';
import { bcryptHash } from '../features/password/stored-accounts.ts';
import {
  ageRotations,
  insertLegacySession,
  refreshByBody,
  sessionRow,
  signIn,
} from '../features/sessions/session-fixtures.ts';
import {
  endCheckWindows,
  exhaustChecks,
  expectRefused,
  logInAs,
  missTimes,
  passResetDelay,
  reauthenticateBy,
  requestReset,
  trustDevice,
} from '../features/two-factor/calls.ts';
import { keyringOf } from '../mail/outbox-rows.ts';
import { freshClient, freshEmail, otherPassword, password } from '../support/accounts.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { databaseUrl, openForFlow, query } from '../support/database.ts';
import { insertVerifiedUser } from '../support/inserted-user.ts';
import { expectIndexed, plansOf } from '../support/query-plans.ts';
import { adminSecret, randomSecret } from '../support/test-env.ts';
import { challenge, completeChallenge, freshCode, twoFactorUser, wrongCode } from '../support/two-factor.ts';
import { insertAccount, insertAccountFor } from './insert-account.ts';
import { recordLog } from './recorded-log.ts';
import { databaseProblemRoutes, exampleCall, exampleOf, guardOf } from './route-table.ts';

const client = new TestClient({ ADMIN_SECRET: adminSecret });
const required = requiredClient();

/** Rows of 5,000 users, as those that the statements have to be found among. */
const largeTables = [
  sql`INSERT INTO users (email, name, two_factor_since)
    SELECT 'user-' || n || '@example.com', 'User', now() - interval '1 day' FROM generate_series(1, 5000) n`,
  sql`INSERT INTO sessions (user_id, expires_at, absolute_expires_at, legacy_token_hash)
    SELECT u.id, now() + interval '30 days', now() + interval '30 days', sha256((u.id || '-' || n)::bytea)
    FROM users u, generate_series(1, 2) n`,
  sql`INSERT INTO login_attempts (bucket, count, last_attempt_id, window_ends_at)
    SELECT kind || ':' || u.id || ':world', 1, gen_random_uuid(), now() + interval '15 minutes'
    FROM users u, unnest('{user,email-code,second-factor}'::text[]) kind`,
  sql`INSERT INTO security_events (user_id, type, outcome, request_id)
    SELECT u.id, 'authn_login_success', 'success', gen_random_uuid() FROM users u, generate_series(1, 2)`,
  sql`INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, expires_at)
    SELECT sha256((kind || u.id)::bytea), kind, u.id, 'left-' || u.email, 'left-' || u.email, now() + interval '7 days'
    FROM users u, unnest('{revert_email,email_code,two_factor_challenge}'::text[]) kind`,
  sql`INSERT INTO mail_outbox (
      id, kind, recipient, user_id, recipient_key, client_key, network_key, request_id, expires_at)
    SELECT gen_random_uuid(), 'verify_email', u.email, u.id, 'address:' || u.id, 'client:' || u.id, 'client:' || u.id,
      gen_random_uuid(), now() + interval '1 day'
    FROM users u`,
  sql`INSERT INTO registration_attempts (id, email, name, password_hash, subject, expires_at)
    SELECT gen_random_uuid(), 'waiting-' || n % 2000 || '@example.com', 'User', '', '', now() + interval '7 days'
    FROM generate_series(1, 5000) n`,
  sql`INSERT INTO identities (user_id, provider, issuer, subject)
    SELECT u.id, 'local', 'https://many.example', u.id::text FROM users u`,
  sql`INSERT INTO disowned_identities (user_id, issuer, subject)
    SELECT u.id, 'https://many.example', u.id::text FROM users u`,
  sql`INSERT INTO former_session_ids (id, session_id) SELECT gen_random_uuid(), s.id FROM sessions s`,
  sql`INSERT INTO factors (id, user_id, kind, name, secret_sealed, added_at, held_since)
    SELECT gen_random_uuid(), u.id, 'totp', 'App', 'v1.key' || (row_number() OVER () % 50) || '.x.' || u.id, now(), now()
    FROM users u`,
  sql`INSERT INTO backup_codes (user_id, code_hash)
    SELECT u.id, sha256((u.id || '-' || n)::bytea) FROM users u, generate_series(1, 3) n`,
  sql`INSERT INTO second_factor_devices (user_id, device_id, completed_at)
    SELECT u.id, gen_random_uuid(), now() FROM users u, generate_series(1, 2) n`,
  sql`INSERT INTO trusted_devices (id, user_id, expires_at)
    SELECT gen_random_uuid(), u.id, now() + interval '30 days' FROM users u, generate_series(1, 2) n`,
  sql`ANALYZE`,
];

beforeAll(async () => {
  for (const statement of largeTables) await query(statement);
}, 60_000);

/** Checks that a request is answered so, and that no statement of it reads a table from end to end. */
async function expectIndexedAt(status: unknown, request: () => Promise<Answer>): Promise<void> {
  const answers: Answer[] = [];
  const plans = await plansOf(databaseUrl(), async () => {
    const answer = await request();
    answers.push(answer);
    return answer;
  });
  expect(answers[0]?.status, answers[0]?.text).toEqual(status);
  expectIndexed(plans.flat());
}

const logIn = (email: string, presented = password, headers: Readonly<Record<string, string>> = {}) =>
  client.post('/api/auth/login', { email, password: presented }, { headers });

/** Every route, by its example; those that anybody calls for an address of nobody too, with what that then needs. */
const examples = databaseProblemRoutes.flatMap((key) => [
  [key, 'by bearer', client] as const,
  [key, 'by cookie', client] as const,
  ...(guardOf(key) === 'anyone' ? [[key, 'of nobody', required] as const] : []),
]);

describe('no statement reads a large table from end to end', { timeout: 60_000 }, () => {
  test.each(examples)('of %s %s', async (key, who, by) => {
    recordLog();
    const account = await insertAccountFor(by, key);
    const caller = who === 'of nobody' ? { ...account, email: freshEmail() } : account;
    const presented = who === 'by cookie' ? 'cookie' : 'bearer';
    const status = who === 'of nobody' ? expect.any(Number) : exampleOf(key).status;
    await expectIndexedAt(status, () => by.call(...exampleCall(key, caller, presented, freshClient())));
  });

  test.each([
    ['/', 303],
    ['/login', 303],
    ['/account', 200],
    ['/account/sessions', 200],
    ['/account/security', 200],
    ['/account/delete', 200],
    ['/reauthenticate', 303],
  ])('of the page %s, by each cookie of a session alone', async (path, status) => {
    const { cookies } = (await insertAccount(client, ({ social }) => social)).social;
    for (const [name, value] of Object.entries(cookies))
      await expectIndexedAt(status, () => client.get(path, { cookies: { [name]: value } }));
  });

  test('of the end of the other sessions, and of a later page of events', async () => {
    const { accessToken: bearer } = await signIn(client);
    await expectIndexedAt(200, () =>
      client.get(`/api/auth/security-events?cursor=${'A'.repeat(32)}`, { bearer }),
    );
    await expectIndexedAt(200, () => client.call('DELETE', '/api/auth/sessions?keep=current', { bearer }));
  });

  test('of the end of a session whose token was reused', async () => {
    const { bodyToken, sessionId } = await signIn(client);
    await refreshByBody(client, bodyToken);
    await ageRotations(sessionId, 31);
    await expectIndexedAt(401, () => refreshByBody(client, bodyToken));
    expect(await sessionRow(sessionId)).toBeNull();
  });

  test('of a refresh and a logout with a token of the legacy system', async () => {
    const { userId } = await signIn(client);
    const refreshToken = `earlier ${crypto.randomUUID()}`;
    await insertLegacySession(userId, refreshToken);
    await expectIndexedAt(200, () => refreshByBody(client, refreshToken));
    await expectIndexedAt(200, () => client.post('/api/auth/logout', { refreshToken }));
  });

  test('of a login on a known device, nor of one that replaces a legacy hash', async () => {
    const { email, userId, deviceToken } = await insertVerifiedUser(client);
    await expectIndexedAt(200, () => logIn(email, password, { 'X-Device-Token': deviceToken }));
    await query(sql`UPDATE users SET password_hash = ${bcryptHash()} WHERE id = ${userId}::uuid`);
    await expectIndexedAt(200, () => logIn(email));
  });

  test.each([freshEmail(), 'j\u00fcrgen@B\u00dcCHER.example', 'u@B\u00dcCHER.example'])(
    'of a login that is refused, however many spellings the address %s has',
    async (email) => {
      await expectIndexedAt(401, () => logIn(email, 'wrong'));
    },
  );

  test('of a login that finds the newest pending registration', async () => {
    const email = 'waiting-7@example.com';
    const [plan = []] = await plansOf(databaseUrl(), () =>
      required.post('/api/auth/login', { email, password }),
    );
    expectIndexed(plan);
    expect(plan.map((node) => node['Index Name'])).toContain('registration_attempts_email_idx');
  });

  test.each(Object.keys(ownersRoutes))('of %s with a wrong password', async (key) => {
    const owner = await signIn(client);
    await expectIndexedAt(403, () => prove(client, key, owner, 'wrong'));
  });

  test('of a request for a new password at a former address', async () => {
    await expectIndexedAt(202, () => forget(client, 'left-user-7@example.com'));
  });

  test.each(['waiting-7@example.com', 'user-7@example.com', 'nobody@example.com'])(
    'of a resend to %s',
    async (email) => {
      await expectIndexedAt(202, () => resend(client, email));
    },
  );

  test('of a verification of a pending registration, or by a wrong password', async () => {
    const waiting = await registerForToken(required, freshEmail());
    await expectIndexedAt(200, () => verify(required, { token: waiting, password }));
    const { token } = await unverifiedAccount(client);
    await expectIndexedAt(400, () => verify(client, { token, password: otherPassword }));
  });

  test('of a code by mail, wrong or right', async () => {
    const user = await providerUser(client);
    const code = await codeFor(client, user);
    await expectIndexedAt(401, () => reauthenticateByMail(client, user, wrongMailedCode(code)));
    await expectIndexedAt(200, () => reauthenticateByMail(client, user, code));
  });

  test('of a first step, with and without a trusted device', async () => {
    const user = await twoFactorUser(client);
    const { token } = await trustDevice(client, user);
    await expectIndexedAt(200, () => logInAs(client, user));
    await expectIndexedAt(200, () => logInAs(client, user, { trustedDeviceToken: token }));
  });

  test('of a second step: wrong, by a backup code, with trust, refused', async () => {
    const user = await twoFactorUser(client);
    const complete = async (status: number, proof: Readonly<Record<string, unknown>>) => {
      const first = await challenge(client, user);
      await expectIndexedAt(status, () => completeChallenge(client, first, proof));
    };
    await complete(200, { code: await freshCode(client, user), trustDevice: true });
    await complete(200, { backupCode: user.backupCodes[0] });
    await complete(401, { code: wrongCode(user.secret) });
    await exhaustChecks(client, user);
    await complete(429, { code: wrongCode(user.secret) });
  });

  test('of the fiftieth miss', async () => {
    const user = await twoFactorUser(client);
    await missTimes(client, user, 49);
    const first = await challenge(client, user);
    await endCheckWindows(client, user);
    await expectIndexedAt(401, () => completeChallenge(client, first, { code: wrongCode(user.secret) }));
  });

  test('of a re-authentication by a second factor, wrong or right', async () => {
    const user = await twoFactorUser(client);
    const prove = (code: string) => reauthenticateBy(client, user.accessToken, { code });
    await expectIndexedAt(401, () => prove(wrongCode(user.secret)));
    const code = await freshCode(client, user);
    await expectIndexedAt(200, () => prove(code));
  });

  test("of a sign-in that carries an operator's reset out", async () => {
    const user = await twoFactorUser(client);
    expect((await requestReset(client, user.userId)).status).toBe(202);
    await passResetDelay(client, user);
    await expectIndexedAt(200, () => logInAs(client, user));
    expectRefused(await requestReset(client, user.userId), 409, 'two_factor_not_enabled');
  });

  test('of the change to another secret, in which many rows are left as they are', async () => {
    const db = openForFlow();
    const keyring = keyringOf(
      new TestClient({ AUTH_SECRET: randomSecret(), AUTH_SECRET_PREVIOUS: String(client.env.AUTH_SECRET) }),
    );
    await query(sql`
      UPDATE factors SET secret_sealed = replace(secret_sealed, 'v1.key7.', ${sealedPrefix(keyring.previous!)})`);
    for (const run of [
      () => resealSecrets.runBatch(db, 500, keyring),
      () => resealSecrets.countLeft(db, keyring),
    ]) {
      const plans = await plansOf(databaseUrl(), async () => {
        const roundTripsBefore = db.roundTrips;
        await run();
        return { roundTrips: db.roundTrips - roundTripsBefore } as Answer;
      });
      expectIndexed(plans.flat());
    }
    // Those of the tests before were sealed anew.
    expect(await resealSecrets.countLeft(db, keyring)).toEqual({ sealedWithPrevious: 100 });
  });
});
