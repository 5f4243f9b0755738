import { describe, expect, test } from 'vitest';
import { runScheduled } from '../../../src/app.ts';
import { sealedPrefix } from '../../../src/crypto/seal.ts';
import { sql } from '../../../src/db/sql.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import { isFull } from '../../contract/route-choice.ts';
import { freshClient, freshEmail, otherPassword, registerUser } from '../../support/accounts.ts';
import { type Answer, authCookies, type TestClient } from '../../support/client.ts';
import { freshDatabase } from '../../support/database.ts';
import { storeLink } from '../../support/links.ts';
import { begin, codeFor, comeBack, comeBackByForm, landing } from '../../support/social.ts';
import { standInCode } from '../../support/stand-in-code.ts';
import { revokedAtApple } from '../../support/stand-ins.ts';
import { type Overrides, randomSecret } from '../../support/test-env.ts';
import { keyringOf } from '../sessions/session-fixtures.ts';
import { change, databaseOf, dumpRows } from '../two-factor/calls.ts';
import { nativeIdToken } from './app-visits.ts';
import { beginLink, freshSubject, instructionsFor, meOf, type Person, socialClient } from './people.ts';

const client = socialClient();
const freshToken = () => `r.${crypto.randomUUID()}`;
const person = (): Person => ({ sub: freshSubject(), email: freshEmail() });

/** Signs in at Apple, which gives this refresh token. */
async function enter(someone: Person, refreshToken: string, service = client): Promise<Answer> {
  const visit = await begin(service, 'apple', {}, { headers: freshClient() });
  const said = { ...instructionsFor('apple', someone), tokenResponse: { refresh_token: refreshToken } };
  const answer = await comeBackByForm(service, visit, { code: codeFor(visit, said) });
  expect(landing(answer).error).toBeNull();
  return answer;
}

interface KeptRow {
  readonly id: string;
  readonly sealed: string;
  readonly attempts: number;
  /** Seconds until the next try. */
  readonly due_in: number;
}

/** The rows of a subject; of the one without an identity once that is gone. */
const rows = (service: TestClient = client, isOrphaned = false) =>
  databaseOf(service).query<KeptRow>(sql`
    SELECT id, sealed, attempts, extract(epoch FROM due_at - now())::float8 AS due_in FROM provider_tokens
    WHERE (identity_id IS NULL) = ${isOrphaned}::boolean ORDER BY created_at`);
const keptOf = (userId: string) =>
  databaseOf(client).query<KeptRow>(sql`
    SELECT p.id, p.sealed, p.attempts, 0 AS due_in FROM provider_tokens p JOIN identities i ON i.id = p.identity_id
    WHERE i.user_id = ${userId}::uuid`);

/** Runs what the cron trigger does, and returns what it says of tokens that were not revoked. */
async function cleanUp({ env }: TestClient): Promise<Record<string, unknown>[]> {
  const lines = recordLog();
  await runScheduled({ cron: '*/5 * * * *' }, env);
  return lines.map((line) => JSON.parse(line)).filter(({ event }) => event === 'provider_token_not_revoked');
}

const revoked = async () => (await revokedAtApple()).map(({ token }) => token);

describe('the refresh token of Apple', () => {
  test('is kept sealed, for its row alone (OAU-16)', async () => {
    const token = freshToken();
    const { user } = await meOf(client, await enter(person(), token));
    const [row, ...others] = await keptOf(user.id);
    expect(others).toEqual([]);
    expect(row!.sealed.startsWith(sealedPrefix(keyringOf(client).current))).toBe(true);
    const dump = await dumpRows(client);
    expect(dump).not.toContain(token);
    expect(dump).not.toContain(btoa(token).slice(0, 20));
  });

  test.each(['google', 'github', 'acme', 'microsoft'])(
    'is kept of no other provider: %s',
    async (provider) => {
      const before = (await rows()).length;
      const visit = await begin(client, provider, {}, { headers: freshClient() });
      const said = { ...instructionsFor(provider, person()), tokenResponse: { refresh_token: freshToken() } };
      expect(landing(await comeBack(client, visit, { code: codeFor(visit, said) })).error).toBeNull();
      expect((await rows()).length).toBe(before);
    },
  );

  test('is replaced at the next sign-in: the latest alone is revoked in the end', async () => {
    const [someone, first, second] = [person(), freshToken(), freshToken()];
    await enter(someone, first);
    const answer = await enter(someone, second);
    const { user } = await meOf(client, answer);
    expect(await keptOf(user.id)).toHaveLength(1);
    const deleted = await client.call('DELETE', '/api/auth/me', { cookies: authCookies(answer), body: {} });
    expect(deleted.status, deleted.text).toBe(200);
    await cleanUp(client);
    const tokens = await revoked();
    expect(tokens).toContain(second);
    expect(tokens).not.toContain(first);
  });

  test('is kept of an identity that was linked, too', async () => {
    const cookies = authCookies(await registerUser(client));
    const token = freshToken();
    const visit = await beginLink(client, 'apple', cookies);
    const said = { ...instructionsFor('apple', person()), tokenResponse: { refresh_token: token } };
    const linked = await comeBackByForm(client, visit, { code: codeFor(visit, said) });
    expect(landing(linked).error).toBeNull();
    const removed = await client.call('DELETE', '/api/auth/identities/apple', { cookies });
    expect(removed.status, removed.text).toBe(200);
    await cleanUp(client);
    expect(await revoked()).toContain(token);
  });
});

describe('the code that Apple gives a native app beside its ID token', () => {
  const nonce = 'nonce-of-the-app';

  async function enterApp(authorizationCode: string) {
    const idToken = await nativeIdToken('apple', { sub: freshSubject(), nonce });
    const body = { idToken, nonce, authorizationCode, transport: 'body' };
    return client.post('/api/auth/oauth/apple/id-token', body, { headers: freshClient() });
  }

  test('is redeemed for a refresh token, which the app that got it revokes in the end', async () => {
    const token = freshToken();
    const said = { codeChallenge: '', sub: freshSubject(), tokenResponse: { refresh_token: token } };
    const answer = await enterApp(standInCode(said));
    expect([answer.status, answer.roundTrips], answer.text).toEqual([200, 2]);
    expect(await keptOf(answer.json.user.id)).toHaveLength(1);
    const { accessToken: bearer } = answer.json;
    expect((await client.call('DELETE', '/api/auth/me', { bearer, body: {} })).status).toBe(200);
    await cleanUp(client);
    const found = (await revokedAtApple()).filter((entry) => entry.token === token);
    expect(found).toEqual([{ token, tokenTypeHint: 'refresh_token', clientId: 'com.example.app' }]);
  });

  test('lets nobody in that Apple does not take: 502 provider_error', async () => {
    recordLog();
    const sub = freshSubject();
    for (const code of ['nonsense', standInCode({ codeChallenge: '', sub, status: 400 })]) {
      const answer = await enterApp(code);
      expect([answer.status, answer.json.code]).toEqual([502, 'provider_error']);
    }
  });
});

describe('the end of an identity at Apple', () => {
  const ends: Readonly<
    Record<string, (answer: Answer, user: { id: string; email: string }) => Promise<Answer>>
  > = {
    'the deletion of the account': (answer) =>
      client.call('DELETE', '/api/auth/me', { cookies: authCookies(answer), body: {} }),
    'its removal': async (answer, { id }) => {
      await change(client, sql`UPDATE users SET password_hash = 'one' WHERE id = ${id}::uuid`);
      return client.call('DELETE', '/api/auth/identities/apple', { cookies: authCookies(answer) });
    },
    'a reset by another mailbox': async (_, user) => {
      const email = freshEmail();
      await change(
        client,
        sql`UPDATE users SET email = ${email}, address_key = NULL WHERE id = ${user.id}::uuid`,
      );
      const token = await storeLink(client, 'reset_password', { id: user.id, email });
      const passwords = { password: otherPassword, confirmPassword: otherPassword };
      return client.post('/api/auth/password/reset', { token, ...passwords }, { headers: freshClient() });
    },
    'a take-over': async (_, { id, email }) => {
      await change(client, sql`UPDATE users SET email_verified_at = NULL WHERE id = ${id}::uuid`);
      const visit = await begin(client, 'google', {}, { headers: freshClient() });
      const code = codeFor(visit, instructionsFor('google', { sub: freshSubject(), email }));
      const answer = await comeBack(client, visit, { code });
      expect(landing(answer).error).toBeNull();
      return { ...answer, status: 200 };
    },
  };

  test.each(Object.entries(ends))('by %s has its token revoked by the clean-up', async (_name, end) => {
    const token = freshToken();
    const answer = await enter(person(), token);
    const { user } = await meOf(client, answer);
    const ended = await end(answer, user);
    expect(ended.status, ended.text).toBe(200);
    expect(await keptOf(user.id)).toEqual([]);
    expect(await revoked()).not.toContain(token);
    await cleanUp(client);
    const found = (await revokedAtApple()).filter((entry) => entry.token === token);
    expect(found).toEqual([{ token, tokenTypeHint: 'refresh_token', clientId: 'com.example.web' }]);
    expect(await rows(client, true)).toEqual([]);
  });

  test('leaves nothing that names the user while the token waits (PRV-08)', async () => {
    const someone = person();
    const answer = await enter(someone, freshToken());
    const { user } = await meOf(client, answer);
    const [{ id } = { id: '' }] = await databaseOf(client).query<{ id: string }>(
      sql`SELECT id FROM identities WHERE user_id = ${user.id}::uuid`,
    );
    await client.call('DELETE', '/api/auth/me', { cookies: authCookies(answer), body: {} });
    const waiting = await databaseOf(client).query(sql`
      SELECT row_to_json(p)::text AS row FROM provider_tokens p WHERE p.identity_id IS NULL`);
    expect(waiting).toHaveLength(1);
    for (const name of [user.id, user.email, someone.sub, id])
      expect(JSON.stringify(waiting)).not.toContain(name);
    const dump = (await dumpRows(client)).split('\n').filter((row) => row.includes(user.id));
    expect(dump.filter((row) => !/"type":"(authn|user)_/.test(row))).toEqual([]);
    expect(await dumpRows(client)).not.toContain(someone.sub);
    await cleanUp(client);
  });
});

/** A service on a database of its own, whose Apple refuses or is as the variables say, and somebody whose token waits there. */
async function waiting(overrides: Overrides = {}) {
  const url = await freshDatabase();
  const secret = randomSecret();
  const make = (more: Overrides = {}) =>
    socialClient({ DATABASE_URL: url, AUTH_SECRET: secret, ...overrides, ...more });
  const service = make();
  const token = freshToken();
  const answer = await enter(person(), token, service);
  const end = () => service.call('DELETE', '/api/auth/me', { cookies: authCookies(answer), body: {} });
  return { url, secret, service, make, token, end };
}

describe('a token that cannot be revoked', { timeout: 60_000 }, () => {
  test('is tried again after a minute, then after twice as long each time, a day at most, and given up after 20 tries', async () => {
    const { service, make, token, end } = await waiting();
    await end();
    const refused = make({ APPLE_KEY_ID: 'ANOTHERKEY' });
    const makeDue = (attempts: number) =>
      change(service, sql`UPDATE provider_tokens SET due_at = now(), attempts = ${attempts}::int`);
    for (const attempt of isFull ? Array.from({ length: 19 }, (_, n) => n + 1) : [1, 2, 3, 11, 12, 19]) {
      await makeDue(attempt - 1);
      await cleanUp(refused);
      // Not before it is due.
      if (attempt === 2) await cleanUp(refused);
      const [row] = await rows(service, true);
      expect(row!.attempts).toBe(attempt);
      const seconds = Math.min(60 * 2 ** (attempt - 1), 86_400);
      expect(row!.due_in).toBeGreaterThan(seconds - 20);
      expect(row!.due_in).toBeLessThanOrEqual(seconds);
    }
    await makeDue(19);
    expect((await cleanUp(refused)).at(-1)).toMatchObject({
      ...{ level: 'error', provider: 'apple', attempts: 20, isGivenUp: true },
    });
    expect(await rows(service, true)).toEqual([]);
    expect(await revoked()).not.toContain(token);
  });

  test('waits while the provider is not configured, and is revoked once it is', async () => {
    const { service, make, token, end } = await waiting();
    await end();
    await cleanUp(make({ APPLE_CLIENT_ID: undefined }));
    expect(await rows(service, true)).toMatchObject([{ attempts: 1 }]);
    await change(service, sql`UPDATE provider_tokens SET due_at = now()`);
    await cleanUp(service);
    expect(await rows(service, true)).toEqual([]);
    expect(await revoked()).toContain(token);
  });

  test('since its secret is gone, or it is that of another row, is given up at once (OAU-16)', async () => {
    const lost = await waiting();
    await lost.end();
    await cleanUp(lost.make({ AUTH_SECRET: randomSecret() }));
    expect(await rows(lost.service, true)).toEqual([]);
    expect(await revoked()).not.toContain(lost.token);

    const moved = await waiting();
    await moved.end();
    await change(moved.service, sql`UPDATE provider_tokens SET id = gen_random_uuid()`);
    await cleanUp(moved.service);
    expect(await rows(moved.service, true)).toEqual([]);
    expect(await revoked()).not.toContain(moved.token);
  });
});

describe('AUTH_SECRET that is replaced', { timeout: 60_000 }, () => {
  test('has the tokens sealed anew, so that they are revoked without the previous one (SUP-04)', async () => {
    const { service, secret, make, token, end } = await waiting();
    const next = randomSecret();
    const [before] = await rows(service);
    await cleanUp(make({ AUTH_SECRET: next, AUTH_SECRET_PREVIOUS: secret }));
    const [after] = await rows(service);
    expect(after!.id).toBe(before!.id);
    const renewed = make({ AUTH_SECRET: next });
    expect(after!.sealed.startsWith(sealedPrefix(keyringOf(renewed).current))).toBe(true);
    await end();
    await cleanUp(renewed);
    expect(await revoked()).toContain(token);
  });
});
