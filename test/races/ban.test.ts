import { afterEach, expect, test, vi } from 'vitest';
import { logIn, password, registerUser } from '../support/accounts.ts';
import { type Answer, TestClient } from '../support/client.ts';
import { describe, roundsOf } from '../support/races.ts';
import { adminSecret } from '../support/test-env.ts';
import { headStartOf, releaseTogether } from './held-calls.ts';
import { sessionsOf } from './two-factor-state.ts';

const client = new TestClient({
  ADMIN_SECRET: adminSecret,
  DATABASE_TIMEOUT_MS: '8000',
  LOGIN_ATTEMPTS_MAX: '100',
});

afterEach(() => vi.restoreAllMocks());

function act(userId: string, action: string): Promise<Answer> {
  return client.post(`/api/admin/users/${userId}/${action}`, undefined, { bearer: adminSecret });
}

describe('a ban that races a login', { timeout: 60_000 }, () => {
  test('leaves no session in the table, and nothing that an unban would bring back (SES-07, SES-16)', async () => {
    const { email, json } = await registerUser(client);
    const { id } = json.user;
    const statuses = new Set<number>();
    const revoked = new Set<number>();
    for (let round = 0; round < roundsOf(50, statuses.size < 2 || revoked.size < 2); round++) {
      // Now the one, now the other has a head start, and in between they are let go together.
      releaseTogether(id, 2, headStartOf(round));
      const [login, ban] = await Promise.all([
        client.post('/api/auth/login', { email, password }),
        act(id, 'ban'),
      ]);
      vi.restoreAllMocks();
      expect(ban.status, ban.text).toBe(200);
      statuses.add(login.status);
      revoked.add(ban.json.revokedCount);
      expect(await sessionsOf(id)).toEqual([]);
      await act(id, 'unban');
      if (login.status !== 200) continue;
      expect((await client.get('/api/auth/me', { bearer: login.json.accessToken })).status).toBe(401);
      const { refreshToken } = login.json;
      expect((await client.post('/api/auth/refresh', { refreshToken })).status).toBe(401);
    }
    // Both orders were met, or this was no race.
    expect(statuses).toEqual(new Set([200, 401]));
    expect(revoked.size).toBeGreaterThan(1);
  });
});

describe('what operators do to one user at once', { timeout: 60_000 }, () => {
  test('with refreshes and logins of that user never runs into a deadlock', async () => {
    const { email, json } = await registerUser(client);
    const { id } = json.user;
    for (let round = 0; round < roundsOf(10); round++) {
      const { refreshToken, accessToken } = (await logIn(client, email)).json;
      const answers = await Promise.all([
        act(id, 'ban'),
        act(id, 'sign-out'),
        act(id, 'ban'),
        client.post('/api/auth/refresh', { refreshToken }),
        client.call('PATCH', '/api/auth/me', { bearer: accessToken, body: { name: 'New' } }),
        client.post('/api/auth/login', { email, password }),
        act(id, 'sign-out'),
        client.post('/api/auth/logout', { refreshToken }),
      ]);
      for (const { status, text } of answers) expect(status, text).toBeLessThan(500);
      // A repeat would say that a statement had lost against another one.
      expect(answers.map(({ roundTrips }) => roundTrips)).toEqual([1, 1, 1, 1, 1, expect.any(Number), 1, 1]);
      expect(await sessionsOf(id)).toEqual([]);
      await act(id, 'unban');
    }
  });
});
