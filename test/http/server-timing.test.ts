import { describe, expect, test } from 'vitest';
import { TestClient } from '../support/client.ts';

describe('Server-Timing', () => {
  test.each(['/api/health/live', '/api/auth/me', '/nowhere'])(
    'stands on the answer of %s while the configuration is unusable',
    async (path) => {
      const answer = await new TestClient({ AUTH_SECRET: undefined }).get(path);
      expect(answer.headers.get('Server-Timing')).toBe('db;desc="0"');
    },
  );

  test('tells durations and hashes in development', async () => {
    const login = { email: 'nobody@example.com', password: 'not a password' };
    const answer = await new TestClient().post('/api/auth/login', login);
    expect(answer.headers.get('Server-Timing')).toMatch(/^db;desc="2";dur=[\d.]+, hash;desc="1";dur=[\d.]+$/);
  });
});
