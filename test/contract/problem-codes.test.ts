import { beforeEach, describe, expect, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { freshEmail, otherPassword, password, registration } from '../support/accounts.ts';
import { breachService, restOfSha1 } from '../support/breach-service.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { faultyEndpoint, query } from '../support/database.ts';
import { broughtProblems, merged, type ProblemExample } from '../support/feature-examples.ts';
import { adminSecret } from '../support/test-env.ts';
import { expectProblem } from './expect-problem.ts';
import { insertAccount } from './insert-account.ts';
import { declaredCodes } from './problem-codes.ts';
import { json, rawExample } from './raw-example.ts';
import { recordLog } from './recorded-log.ts';
import type { Account } from './route-table.ts';
import { socialOccurrences } from './social-problems.ts';

const client = new TestClient();
let account: Account;
/** None of them needs another caller. */
const alone = () => undefined;

beforeEach(async () => {
  account = await insertAccount(client, alone);
});

const login = 'POST /api/auth/login';

/** One way to every code that is declared in `src`; of one with several statuses, each has a comma and a word more. */
const occurrences = merged<ProblemExample>([
  broughtProblems,
  {
    malformed_json: [400, () => client.send(rawExample(login, account, '{'))],
    validation_failed: [400, () => client.post('/api/auth/login', {})],
    password_too_common: [400, () => client.post('/api/auth/register', registrationWith('password123'))],
    password_breached: [400, registerBreached],
    token_invalid: [400, () => client.post('/api/auth/unlock', { token: 'nxu_forged' })],
    password_required: [
      400,
      () => client.post('/api/auth/email/verify', { token: account.links.verify_email }),
    ],
    unauthenticated: [401, () => client.get('/api/auth/me')],
    invalid_credentials: [401, () => client.post('/api/auth/login', { email: 'a@b.example', password: 'x' })],
    'invalid_credentials, signed in': [403, () => changePassword({ currentPassword: 'x' })],
    password_unchanged: [400, () => changePassword({ newPassword: password, confirmPassword: password })],
    email_unchanged: [400, changeToOwnEmail],
    session_expired: [401, () => client.post('/api/auth/refresh', { refreshToken: 'unknown' })],
    refresh_token_reused: [401, reuseRefreshToken],
    invalid_code: [401, () => reauthenticateBy('999999')],
    challenge_expired: [
      401,
      () => client.post('/api/auth/login/two-factor', { challengeToken: 'nxc_forged', code: '123456' }),
    ],
    csrf_rejected: [
      403,
      () => client.post('/api/auth/login', {}, { headers: { Origin: 'https://evil.example' } }),
    ],
    demo_readonly: [403, changeAsDemo],
    reauthentication_required: [403, exportLate],
    recovery_required: [403, exportInRecovery],
    email_not_verified: [403, logInUnverified],
    registration_closed: [403, registerWhereClosed],
    not_found: [404, () => client.get('/api/unknown')],
    session_not_found: [404, revokeUnknown],
    event_not_found: [404, disownUnknown],
    user_not_found: [
      404,
      () => client.post(`/api/admin/users/${crypto.randomUUID()}/ban`, undefined, { bearer: adminSecret }),
    ],
    method_not_allowed: [405, () => client.get('/api/auth/login')],
    email_taken: [409, () => client.post('/api/auth/register', registration(account.email))],
    email_code_unavailable: [
      409,
      () => client.post('/api/auth/reauthenticate/email', undefined, { bearer: account.accessToken }),
    ],
    two_factor_setup_required: [
      409,
      () => client.post('/api/auth/two-factor/enable', { code: '123456' }, { bearer: account.accessToken }),
    ],
    two_factor_not_enabled: [
      409,
      () => client.post('/api/auth/two-factor/backup-codes', undefined, { bearer: account.accessToken }),
    ],
    payload_too_large: [413, () => client.send(rawExample(login, account, ' '.repeat(20_000)))],
    uri_too_long: [414, () => client.get(`/api/${'x'.repeat(16_384)}`)],
    unsupported_media_type: [
      415,
      () => client.send(rawExample(login, account, '{}', { ...json, 'Content-Encoding': 'br' })),
    ],
    too_many_attempts: [429, useUpAttempts],
    rate_limited: [429, exceedLimit],
    internal_error: [500, () => withFault({ sqlstate: '22P02' })],
    overloaded: [503, overload],
    two_factor_unavailable: [503, setUpWhereOff],
    service_unavailable: [503, () => withFault('refuse')],
    misconfigured: [503, () => new TestClient({ BASE_URL: '*' }).get('/api/auth/me')],
  },
  socialOccurrences,
]);

/** What a browser takes back to where it came from, and nobody reads otherwise. */
const toldByRedirect = ['transaction_invalid 400'];

function registrationWith(password: string) {
  return registration('new@example.com', { password, confirmPassword: password });
}

async function registerBreached(): Promise<Answer> {
  const password = 'known from a breach';
  const { url } = await breachService({ found: { [await restOfSha1(password)]: 1 } });
  const asking = new TestClient({ BREACHED_PASSWORD_CHECK: 'true', HIBP_URL: url });
  return asking.post('/api/auth/register', registrationWith(password));
}

function changePassword(overrides: Readonly<Record<string, string>>): Promise<Answer> {
  const body = { currentPassword: password, newPassword: otherPassword, confirmPassword: otherPassword };
  const { accessToken: bearer } = account;
  return client.post('/api/auth/password/change', { ...body, ...overrides }, { bearer });
}

async function changeToOwnEmail(): Promise<Answer> {
  const { accessToken: bearer, email: newEmail } = await insertAccount(client, alone);
  return client.post('/api/auth/email/change', { newEmail }, { bearer });
}

async function reuseRefreshToken(): Promise<Answer> {
  const { refreshToken } = account;
  for (const _ of [1, 2]) await client.post('/api/auth/refresh', { refreshToken });
  const age = sql`UPDATE sessions SET body_rotated_at = now() - interval '31 seconds' WHERE user_id = ${account.userId}::uuid`;
  await query(age);
  return client.post('/api/auth/refresh', { refreshToken });
}

async function exportLate(): Promise<Answer> {
  const late = await insertAccount(client, alone);
  const age = sql`UPDATE sessions SET authenticated_at = now() - interval '11 minutes' WHERE user_id = ${late.userId}::uuid`;
  await query(age);
  return client.get('/api/auth/me/export', { bearer: late.accessToken });
}

async function exportInRecovery(): Promise<Answer> {
  const owner = await insertAccount(client, alone);
  await query(
    sql`UPDATE users SET recovery_since = now(), recovery_cause = 'not_me' WHERE id = ${owner.userId}::uuid`,
  );
  return client.get('/api/auth/me/export', { bearer: owner.accessToken });
}

async function logInUnverified(): Promise<Answer> {
  const { email } = account;
  const asking = new TestClient({ EMAIL_VERIFICATION: 'required' });
  return asking.post('/api/auth/login', { email, password });
}

function registerWhereClosed(): Promise<Answer> {
  const closed = new TestClient({ REGISTRATION: 'closed' });
  return closed.post('/api/auth/register', registration(freshEmail()));
}

/** By a code that no account without a second factor has. */
function reauthenticateBy(code: string): Promise<Answer> {
  const { accessToken: bearer } = account;
  return client.post('/api/auth/reauthenticate', { code }, { bearer });
}

function setUpWhereOff(): Promise<Answer> {
  const off = new TestClient({ TWO_FACTOR: 'off' });
  return off.post('/api/auth/two-factor/setup', undefined, { bearer: account.accessToken });
}

function disownUnknown(): Promise<Answer> {
  const eventId = crypto.randomUUID();
  return client.post('/api/auth/not-me', { eventId }, { bearer: account.accessToken });
}

function revokeUnknown(): Promise<Answer> {
  return client.call('DELETE', '/api/auth/sessions/unknown', { bearer: account.accessToken });
}

async function useUpAttempts(): Promise<Answer> {
  const limited = new TestClient({ LOGIN_ATTEMPTS_MAX: '1' });
  const guess = { email: freshEmail(), password: 'x' };
  await limited.post('/api/auth/login', guess);
  return limited.post('/api/auth/login', guess);
}

/** More registrations at once than the isolate has room for; the one that found none. */
async function overload(): Promise<Answer> {
  const crowd = Array.from({ length: 35 }, () =>
    client.post('/api/auth/register', registration(freshEmail())),
  );
  const answers = await Promise.all(crowd);
  return answers.find(({ status }) => status !== 201)!;
}

async function exceedLimit(): Promise<Answer> {
  const limited = new TestClient({ RATE_LIMIT_PER_MINUTE: '1' }, { now: () => 0 });
  await limited.post('/api/auth/login', {});
  return limited.post('/api/auth/login', {});
}

async function changeAsDemo(): Promise<Answer> {
  const demo = new TestClient({ DEMO_MODE: 'true' });
  const login = await demo.post('/api/auth/login', { email: 'demo@nexora.ai', password: 'password123' });
  return demo.call('PATCH', '/api/auth/me', { bearer: login.json.accessToken });
}

async function withFault(fault: 'refuse' | { sqlstate: string }): Promise<Answer> {
  const { endpoint } = await faultyEndpoint({ always: fault });
  return new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint }).get('/api/auth/me', {
    bearer: account.accessToken,
  });
}

/** Told to people alone, by a page. */
const codesOfPages = ['malformed_form 400'];

function codeOf(name: string): string {
  return name.split(',')[0] ?? '';
}

describe('a problem document', () => {
  test('is known for every declared code (LOG-07)', () => {
    const known = Object.entries(occurrences).map(([name, [status]]) => `${codeOf(name)} ${status}`);
    const all = [...known, ...codesOfPages, ...toldByRedirect];
    const missing = declaredCodes().filter((code) => !all.includes(code));
    expect(missing, 'problems in test/features/<feature>/examples.ts').toEqual([]);
    expect(all.toSorted()).toEqual(declaredCodes());
  });

  test.each(Object.entries(occurrences))(
    'has its one shape for %s (LOG-07)',
    async (name, [status, answer]) => {
      const lines = recordLog();
      expectProblem(await answer(client, account), status, codeOf(name));
      // What the caller did wrong is no business of the operator's.
      expect(lines).toHaveLength(status >= 500 ? 1 : 0);
    },
  );

  test('names each refused member by a pointer, and never its value (LOG-07)', async () => {
    const body = { ...registration('canary'), password: 'canary1', 'a/b~c': 'canary' };
    const answer = await client.post('/api/auth/register', body);
    expectProblem(answer, 400, 'validation_failed');
    const pointers = answer.json.errors.map(({ pointer }: { pointer: string }) => pointer);
    expect(pointers.toSorted()).toEqual(['/a~1b~0c', '/email', '/password']);
    for (const error of answer.json.errors)
      expect(Object.keys(error)).toEqual(['pointer', 'code', 'message']);
  });
});
