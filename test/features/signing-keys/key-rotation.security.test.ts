import { describe, expect, test } from 'vitest';
import { registerUser } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { generateSigningJwk } from '../../support/test-env.ts';
import { generateKeyOf } from './generated-keys.ts';

function kidOf(jwt: string): string {
  const header = jwt.split('.')[0]!.replaceAll('-', '+').replaceAll('_', '/');
  return JSON.parse(atob(header)).kid;
}

function open(client: TestClient, { json }: Answer): Promise<Answer> {
  return client.get('/api/auth/me', { bearer: json.accessToken });
}

async function kidsOf(client: TestClient): Promise<string[]> {
  const { json } = await client.get('/.well-known/jwks.json');
  return json.keys.map(({ kid }: { kid: string }) => kid);
}

describe('rotating SIGNING_KEYS', async () => {
  const [oldKey, newKey] = [await generateSigningJwk('2026-01'), await generateSigningJwk('2026-02')];
  const deployed = (...keys: unknown[]) => new TestClient({ SIGNING_KEYS: JSON.stringify(keys) });
  const before = deployed(oldKey);
  const appended = deployed(oldKey, newKey);
  const moved = deployed(newKey, oldKey);
  const removed = deployed(newKey);

  test('the first key signs, and each step announces its keys (JWT-09)', async () => {
    const steps = [before, appended, moved, removed];
    const signing = await Promise.all(
      steps.map(async (step) => kidOf((await registerUser(step)).json.accessToken)),
    );
    expect(signing).toEqual(['2026-01', '2026-01', '2026-02', '2026-02']);
    expect(await Promise.all(steps.map(kidsOf))).toEqual([
      ['2026-01'],
      ['2026-01', '2026-02'],
      ['2026-02', '2026-01'],
      ['2026-02'],
    ]);
  });

  test('a token of the old key is good until that key is removed, then 401 without a round trip (JWT-09)', async () => {
    const old = await registerUser(before);
    for (const step of [appended, moved]) expect((await open(step, old)).status).toBe(200);
    expect(await open(removed, old)).toMatchObject({ status: 401, roundTrips: 0 });
  });

  test('between two neighbouring steps every token is good on both sides (JWT-09)', async () => {
    for (const [left, right] of [
      [before, appended],
      [appended, moved],
    ] as const) {
      expect((await open(right, await registerUser(left))).status).toBe(200);
      expect((await open(left, await registerUser(right))).status).toBe(200);
    }
    expect((await open(removed, await registerUser(moved))).status).toBe(200);
    expect((await open(moved, await registerUser(removed))).status).toBe(200);
  });

  test('a refresh outlives it: the old refresh token gives an access token of the new key (JWT-09)', async () => {
    const { json } = await registerUser(before);
    const refreshed = await removed.post('/api/auth/refresh', { refreshToken: json.refreshToken });
    expect(refreshed.status).toBe(200);
    expect(kidOf(refreshed.json.accessToken)).toBe('2026-02');
    expect((await open(removed, refreshed)).status).toBe(200);
  });

  test('a logout by an access token of a removed key ends nothing: it proves nothing any more (JWT-09)', async () => {
    const old = await registerUser(before);
    const logout = await removed.post('/api/auth/logout', undefined, { bearer: old.json.accessToken });
    expect(logout).toMatchObject({ status: 200, roundTrips: 0 });
    expect((await open(before, old)).status).toBe(200);
  });

  test.each(['EdDSA', 'RS256'] as const)(
    'the new key may be of another algorithm: %s (JWT-09)',
    async (alg) => {
      const other = deployed(await generateKeyOf(alg, 'other'), oldKey);
      expect((await open(other, await registerUser(before))).status).toBe(200);
      const fresh = await registerUser(other);
      expect(kidOf(fresh.json.accessToken)).toBe('other');
      expect((await open(other, fresh)).status).toBe(200);
      expect((await open(before, fresh)).status).toBe(401);
    },
  );

  test('two keys of one kid are refused, since a token could not say which (JWT-09)', async () => {
    const answer = await deployed(newKey, await generateSigningJwk('2026-02')).get('/.well-known/jwks.json');
    expect(answer).toMatchObject({ status: 503, json: { code: 'misconfigured' } });
  });
});
