import { describe, expect, test } from 'vitest';
import { runScheduled } from '../../../src/app.ts';
import { sql } from '../../../src/db/sql.ts';
import { logIn, registerUser } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { openDatabase } from '../../support/database.ts';

// The scenarios that the legacy system's guide planned, under its names.
describe('Session Management', () => {
  const client = new TestClient();

  test('database connection', async () => {
    const { status, json } = await client.get('/api/health');
    expect(status).toBe(200);
    expect(json).toEqual({
      status: 'healthy',
      services: { database: { status: 'connected', latency: expect.stringMatching(/^\d+ms$/) } },
    });
  });

  test('creates session on login', async () => {
    const registered = await registerUser(client);
    const { json } = await logIn(client, registered.email);
    const me = await client.get('/api/auth/me', { bearer: json.accessToken });
    expect(me.json.session).toMatchObject({ current: true, method: 'password' });
    expect(me.json.user.id).toBe(registered.json.user.id);
  });

  test('deletes session on logout', async () => {
    const { json } = await registerUser(client);
    await client.post('/api/auth/logout', { refreshToken: json.refreshToken });
    const refreshed = await client.post('/api/auth/refresh', { refreshToken: json.refreshToken });
    expect(refreshed.status).toBe(401);
    expect(refreshed.json).toMatchObject({ code: 'session_expired', title: 'Session not found or expired' });
  });

  test('cleanup removes expired sessions', async () => {
    const { json } = await registerUser(client);
    const db = openDatabase();
    await db.query(sql`
      INSERT INTO sessions (user_id, refresh_token, expires_at)
      VALUES (${json.user.id}::uuid, 'old-token', NOW() - INTERVAL '1 day')`);
    const count = sql`SELECT count(*) FILTER (WHERE expires_at <= now())::int AS expired, count(*)::int AS total FROM sessions`;
    const [before] = await db.query<{ expired: number; total: number }>(count);
    expect(before?.expired).toBe(1);
    await runScheduled({ cron: '0 2 * * *' }, client.env);
    expect(await db.query(count)).toEqual([{ expired: 0, total: (before?.total ?? 0) - 1 }]);
  });
});
