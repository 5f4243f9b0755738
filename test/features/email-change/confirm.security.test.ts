import { describe, expect, test, vi } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshEmail, otherPassword, password, registerUser } from '../../support/accounts.ts';
import { authCookies, TestClient } from '../../support/client.ts';
import { mailsTo } from '../../support/mailbox.ts';
import { recordsOf } from '../password/signed-in-owner.ts';
import { bcryptHash } from '../password/stored-accounts.ts';
import { type SignedIn, signedInBy, signIn } from '../sessions/session-fixtures.ts';
import { change, expectTokenInvalid, linkTo, liveLinks, path, storedUser } from './mover.ts';

const client = new TestClient({ EMAIL_VERIFICATION: 'off' });
const limited = new TestClient({ EMAIL_VERIFICATION: 'off', LOGIN_ATTEMPTS_MAX: '2' });

async function asked() {
  const owner = await signIn(client);
  const newEmail = freshEmail();
  return { owner, newEmail, token: await linkTo(client, owner, newEmail) };
}

const follow = (token: string, body: object = {}, options: object = {}, by = client) =>
  by.post(`${path}/confirm`, { token, ...body }, options);

async function expectUnmoved({ userId, email }: SignedIn): Promise<void> {
  expect(await storedUser(userId)).toMatchObject({ email, is_verified: false });
  expect(await liveLinks(userId)).toEqual(['change_email']);
  expect((await recordsOf(userId)).map(({ reason }) => reason)).not.toContain('email_changed');
}

describe('the link of a change of address (LNK-11)', () => {
  test('alone moves nothing, and stays good for who shows that the account is theirs', async () => {
    const { owner, newEmail, token } = await asked();
    const answer = await follow(token);
    expect(answer).toMatchObject({ status: 400, roundTrips: 1, hashes: 0, setCookies: [] });
    expect(answer.json.code).toBe('password_required');
    await expectUnmoved(owner);
    expect((await follow(token, { password })).status).toBe(200);
    expect(await storedUser(owner.userId)).toMatchObject({ email: newEmail });
  });

  test('that an attacker had sent to a victim moves nothing when they press it, signed in to an account of their own', async () => {
    const [attacker, victim] = [await signIn(client), await registerUser(client)];
    const mailbox = freshEmail();
    const token = await linkTo(client, attacker, mailbox);
    for (const options of [{ bearer: victim.json.accessToken }, { cookies: authCookies(victim) }]) {
      expect((await follow(token, {}, options)).json.code).toBe('password_required');
    }
    const guess = await follow(token, { password: otherPassword }, { bearer: victim.json.accessToken });
    expect(guess).toMatchObject({ status: 400, hashes: 1 });
    await expectUnmoved(attacker);
    expect(await storedUser(signedInBy(victim).userId)).toMatchObject({ email: victim.email });
  });

  test('moves the account by a live session of it, in two round trips and without a hash, whatever the password', async () => {
    for (const text of [undefined, otherPassword]) {
      const { owner, newEmail, token } = await asked();
      const body = text === undefined ? {} : { password: text };
      const answer = await follow(token, body, { bearer: owner.accessToken });
      expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2, hashes: 0, setCookies: [] });
      expect(answer.json.user).toMatchObject({ id: owner.userId, email: newEmail, emailVerified: true });
      expect((await recordsOf(owner.userId)).map(({ type }) => type)).not.toContain('authn_login_fail');
    }
  });

  test('takes the session by cookie from our own pages alone (CSR-05)', async () => {
    const account = await registerUser(client);
    const owner = { ...signedInBy(account), email: account.email };
    const token = await linkTo(client, owner, freshEmail());
    const cookies = authCookies(account);
    const silent = { headers: { Cookie: `__Host-nexora_access=${cookies['__Host-nexora_access']}` } };
    expect((await follow(token, {}, silent)).json.code).toBe('password_required');
    expect((await follow(token, {}, { cookies })).status).toBe(200);
  });

  test('and a session that has ended is password_required, or the password, which signs nobody in', async () => {
    const { owner, token } = await asked();
    const { accessToken: bearer } = owner;
    await client.post('/api/auth/logout', undefined, { bearer });
    expect((await follow(token, {}, { bearer })).json.code).toBe('password_required');
    await expectUnmoved(owner);
    const answer = await follow(token, { password }, { bearer });
    expect(answer).toMatchObject({ status: 200, roundTrips: 2, hashes: 1, setCookies: [] });
    expect(Object.keys(answer.json)).toEqual(['success', 'user']);
    expect((await client.get('/api/auth/me', { bearer })).status).toBe(401);
    expect(await change(sql`SELECT 1 FROM sessions WHERE user_id = ${owner.userId}::uuid`)).toEqual([]);
  });

  test('and a wrong password is recorded, and counts with the logins of the account (LIM-03, LIM-11)', async () => {
    const { owner, token } = await asked();
    const guess = { password: otherPassword };
    const wrong = await follow(token, guess, {}, limited);
    expect(wrong).toMatchObject({ status: 400, roundTrips: 2, hashes: 1, setCookies: [] });
    expect(wrong.json.code).toBe('password_required');
    expect((await recordsOf(owner.userId)).at(-1)).toMatchObject({
      ...{ type: 'authn_login_fail', reason: 'wrong_password', session_id: null },
    });
    const login = await limited.post('/api/auth/login', { email: owner.email, ...guess });
    expect(login.status).toBe(401);
    const locked = await follow(token, { password }, {}, limited);
    expect(locked).toMatchObject({ status: 429, roundTrips: 1, hashes: 0 });
    expect(locked.json.code).toBe('too_many_attempts');
    await expectUnmoved(owner);
    // A session needs no attempt.
    expect((await follow(token, {}, { bearer: owner.accessToken }, limited)).status).toBe(200);
  });

  test('gives all attempts back with the right password, as a login does', async () => {
    const { owner, newEmail, token } = await asked();
    await follow(token, { password: otherPassword }, {}, limited);
    expect((await follow(token, { password }, {}, limited)).status).toBe(200);
    for (const _ of Array(2)) {
      const login = await limited.post('/api/auth/login', { email: newEmail, password: otherPassword });
      expect(login.status).toBe(401);
    }
    expect(await storedUser(owner.userId)).toMatchObject({ email: newEmail });
  });

  test('that is no good is token_invalid before anything is said about the password', async () => {
    const { owner, newEmail, token } = await asked();
    await registerUser(client, { email: newEmail });
    for (const body of [{}, { password: otherPassword }]) expectTokenInvalid(await follow(token, body), 1);
    expect((await recordsOf(owner.userId)).map(({ type }) => type)).not.toContain('authn_login_fail');
  });

  test('of an account without a password takes its session, and no password', async () => {
    const { owner, token } = await asked();
    await change(sql`UPDATE users SET password_hash = NULL WHERE id = ${owner.userId}::uuid`);
    expect(await follow(token, { password })).toMatchObject({ status: 400, hashes: 1 });
    await expectUnmoved(owner);
    expect((await follow(token, {}, { bearer: owner.accessToken })).status).toBe(200);
  });

  test('takes a second look where the stored hash was replaced meanwhile (HSH-06)', async () => {
    for (const [text, status] of [
      [password, 200],
      [otherPassword, 400],
    ] as const) {
      const { owner, token } = await asked();
      const send = globalThis.fetch;
      const replaced = vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
        if (!String(init?.body).includes('spent_by = ')) return send(input, init);
        replaced.mockRestore();
        await change(
          sql`UPDATE users SET password_hash = ${bcryptHash(text)} WHERE id = ${owner.userId}::uuid`,
        );
        return send(input, init);
      });
      const answer = await follow(token, { password });
      expect(answer.status, answer.text).toBe(status);
      if (status === 400) {
        expect(answer.json.code).toBe('password_required');
        expect(await mailsTo(client, owner.email)).toEqual([]);
      }
    }
  });
});
