import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { logIn, password, registerUser, registration } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { faultyEndpoint, query } from '../../support/database.ts';

interface EventRow {
  readonly type: string;
  readonly outcome: string;
  readonly method: string | null;
  readonly reason: string | null;
  readonly session_id: string | null;
  readonly request_id: string;
  readonly ip_address: string | null;
  readonly user_agent: string | null;
  readonly location: object | null;
}

const client = new TestClient();
const agent = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36';
const headers = { 'User-Agent': agent, 'CF-Connecting-IP': '2001:DB8:0::1' };

/** What every event has of the request. */
const ofRequest = { ip_address: '2001:db8::1', user_agent: agent };

/** What is recorded about a user, oldest first. */
function eventsOf(userId: string): Promise<EventRow[]> {
  return query<EventRow>(sql`
    SELECT type, outcome, method, reason, session_id, request_id, ip_address, user_agent, location
    FROM security_events WHERE user_id = ${userId}::uuid ORDER BY at, type`);
}

async function lastEventOf(userId: string): Promise<EventRow | undefined> {
  return (await eventsOf(userId)).at(-1);
}

async function sessionOf({ json }: Answer): Promise<string> {
  return (await client.get('/api/auth/me', { bearer: json.accessToken })).json.session.id;
}

const requestOf = (answer: Answer) => answer.headers.get('X-Request-Id');

describe('a security event (LOG-04)', () => {
  test('is recorded for a registration, a login and a logout, with the request, the session, the address and the browser', async () => {
    const email = `${crypto.randomUUID()}@events.example`;
    const registered = await client.post('/api/auth/register', registration(email), { headers });
    const login = await client.post('/api/auth/login', { email, password }, { headers });
    const [first, second] = [await sessionOf(registered), await sessionOf(login)];
    const logout = await client.post('/api/auth/logout', undefined, {
      bearer: login.json.accessToken,
      headers,
    });
    const common = { outcome: 'success', ...ofRequest, location: null };
    const opened = { ...common, method: 'password', reason: null };
    expect(await eventsOf(registered.json.user.id)).toEqual([
      { ...opened, type: 'user_created', session_id: first, request_id: requestOf(registered) },
      { ...opened, type: 'authn_login_success', session_id: second, request_id: requestOf(login) },
      {
        ...common,
        type: 'authn_token_revoked',
        method: null,
        reason: 'logout',
        session_id: second,
        request_id: requestOf(logout),
      },
    ]);
  });

  test('is not recorded for what changes nothing: a refresh, a repeat, a look, a failed registration', async () => {
    const { json, email } = await registerUser(client);
    for (const _ of [1, 2]) await client.post('/api/auth/refresh', { refreshToken: json.refreshToken });
    await client.get('/api/auth/me', { bearer: json.accessToken });
    await client.post('/api/auth/register', registration(email));
    expect((await eventsOf(json.user.id)).map(({ type }) => type)).toEqual(['user_created']);
  });
});

describe('a login that fails (LOG-04)', () => {
  const attempt = (email: string, text = 'wrong', by = client) =>
    by.post('/api/auth/login', { email, password: text }, { headers });

  test('is recorded with the reason, the address, the place and the browser, and without a session', async () => {
    const { email, json } = await registerUser(client);
    const init = { method: 'POST', headers: { ...headers, 'Content-Type': 'application/json' } };
    const request = new Request('https://auth.test/api/auth/login', {
      ...init,
      body: JSON.stringify({ email, password: 'wrong' }),
    });
    Object.defineProperty(request, 'cf', { value: { city: 'Zürich', country: 'CH' } });
    const answer = await client.send(request);
    expect(await lastEventOf(json.user.id)).toEqual({
      type: 'authn_login_fail',
      outcome: 'failure',
      method: 'password',
      reason: 'wrong_password',
      session_id: null,
      request_id: requestOf(answer),
      ...ofRequest,
      location: { city: 'Zürich', region: null, country: 'CH' },
    });
  });

  test.each([
    ['banned', sql`UPDATE users SET banned_at = now()`],
    ['no_password', sql`UPDATE users SET password_hash = NULL`],
  ])('is recorded with its reason: %s', async (reason, change) => {
    const { email, json } = await registerUser(client);
    await query(sql`${change} WHERE id = ${json.user.id}::uuid`);
    await attempt(email, password);
    expect(await lastEventOf(json.user.id)).toMatchObject({ type: 'authn_login_fail', reason });
  });

  test('of an address that nobody has is recorded without it', async () => {
    const email = `${crypto.randomUUID()}@events.example`;
    const answer = await attempt(email);
    const events = await query(sql`
      SELECT e.* FROM security_events e WHERE e.request_id = ${answer.headers.get('X-Request-Id')}::uuid`);
    expect(events).toMatchObject([{ type: 'authn_login_fail', reason: 'unknown_address', user_id: null }]);
    expect(JSON.stringify(events)).not.toContain(email);
  });

  test('for want of attempts is recorded as a lock, once per window, whoever goes on trying', async () => {
    const limited = new TestClient({ LOGIN_ATTEMPTS_MAX: '2' });
    const { email, json } = await registerUser(limited);
    for (const status of [401, 401, 429, 429]) {
      expect((await attempt(email, 'wrong', limited)).status).toBe(status);
    }
    const types = (await eventsOf(json.user.id)).map(({ type }) => type);
    expect(types).toEqual(['user_created', 'authn_login_fail', 'authn_login_fail', 'authn_login_lock']);
  });
});

describe('a change and its record', () => {
  test('are one statement, so that neither is there without the other (LOG-08)', async () => {
    const faulty = await faultyEndpoint();
    const behind = new TestClient({ DATABASE_HTTP_ENDPOINT: faulty.endpoint });
    const { email, json } = await registerUser(behind);
    await logIn(behind, email);
    await behind.post('/api/auth/logout', { refreshToken: json.refreshToken });
    const statements = (await faulty.seen()).map(({ queries }) => queries.join());
    const changing = statements.filter((text) =>
      /INSERT INTO (users|sessions)|DELETE FROM sessions/.test(text),
    );
    expect(changing).toHaveLength(3);
    for (const text of changing) expect(text).toContain('INSERT INTO security_events');
  });

  test('are made once when the answer was lost and the statement ran again (LOG-08, DBF-10)', async () => {
    const { email, json } = await registerUser(client);
    const { id } = json.user;
    const faulty = await faultyEndpoint(['pass', 'commit-then-drop', 'pass', 'commit-then-drop']);
    const behind = new TestClient({ DATABASE_HTTP_ENDPOINT: faulty.endpoint });
    const login = await logIn(behind, email);
    const types = async () => (await eventsOf(id)).map(({ type }) => type);
    expect(await types()).toEqual(['user_created', 'authn_login_success']);
    const logout = await behind.post('/api/auth/logout', { refreshToken: login.json.refreshToken });
    expect([logout.status, logout.roundTrips]).toEqual([200, 2]);
    expect(await types()).toEqual(['user_created', 'authn_login_success', 'authn_token_revoked']);
    expect(await faulty.seen()).toHaveLength(5);
  });
});

describe('the record', () => {
  test('outlives the account and holds no address, name, password or token (LOG-01)', async () => {
    const { email, json } = await registerUser(client, { name: 'Canary Name' });
    await logIn(client, email);
    await query(sql`DELETE FROM users WHERE id = ${json.user.id}::uuid`);
    const events = await query(
      sql`SELECT e.* FROM security_events e WHERE e.user_id = ${json.user.id}::uuid`,
    );
    expect(events).toHaveLength(2);
    const text = JSON.stringify(events);
    for (const secret of [email, 'Canary Name', password, json.accessToken, json.refreshToken]) {
      expect(text).not.toContain(secret);
    }
  });
});
