import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { logIn, password, registerUser } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { faultyEndpoint, query } from '../../support/database.ts';
import { mailsTo, tokenFrom } from '../../support/mailbox.ts';
import { expectDead, recordsOf, signInAgain } from '../password/signed-in-owner.ts';
import { findSessions } from '../password/stored-accounts.ts';
import { signIn } from '../sessions/session-fixtures.ts';
import { expectTokenInvalid, liveLinks, move, revert, settle, storedUser, storeLinkTo } from './mover.ts';

// Without the mail of the registration, which is tested elsewhere.
const client = new TestClient({ EMAIL_VERIFICATION: 'off' });

/** Somebody whose account, whose address was verified, was moved from a session of theirs. */
async function robbed() {
  const owner = await settle(await signIn(client));
  return { owner, ...(await move(client, owner)) };
}

// What it closes besides the sessions, test/contract/closing-table.test.ts looks at.
describe('POST /api/auth/email/change/revert', () => {
  test('restores the address in two round trips, ends all sessions and the password, and mails a way in (EML-08)', async () => {
    const { owner, email, revertToken } = await robbed();
    const thief = await signInAgain(client, email);
    const answer = await revert(client, revertToken);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2, setCookies: [] });
    expect(answer.json).toStrictEqual({ success: true, message: expect.any(String) });
    for (const tokens of [owner, thief]) await expectDead(client, tokens);
    expect(await findSessions(owner.userId)).toEqual([]);
    for (const address of [email, owner.email]) {
      const login = await client.post('/api/auth/login', { email: address, password });
      expect([login.status, login.json.code]).toEqual([401, 'invalid_credentials']);
    }
    expect(await storedUser(owner.userId)).toEqual({
      email: owner.email,
      is_verified: true,
      has_password: false,
      device_generation: 1,
    });
    expect((await mailsTo(client, owner.email)).map(({ kind }) => kind)).toEqual([
      'email_changed',
      'reset_password',
    ]);
    expect(await tokenFrom(client, owner.email, 'reset_password')).toMatch(/^nxp_/);
    expect(await liveLinks(owner.userId)).toEqual(['reset_password']);
    expect((await mailsTo(client, email)).map(({ kind }) => kind)).toEqual([
      'confirm_email_change',
      'new_device',
      'email_restored',
    ]);
  });

  test('tells the address that the account had until then, without a link or an address, in the account’s language (EML-08)', async () => {
    const { owner, email, revertToken } = await robbed();
    await query(sql`UPDATE users SET locale = 'de' WHERE id = ${owner.userId}::uuid`);
    const { email: last } = await move(client, owner, email);
    await revert(client, revertToken);
    const [notice, ...others] = (await mailsTo(client, last)).filter(({ kind }) => kind === 'email_restored');
    expect(others).toEqual([]);
    expect(notice).toMatchObject({ user_id: owner.userId, token: null, locale: 'de', outcome: null });
    expect(JSON.stringify(notice!.facts)).not.toContain('@');
    for (const address of [owner.email, email]) {
      expect((await mailsTo(client, address)).map(({ kind }) => kind)).not.toContain('email_restored');
    }
  });

  test('tells nobody where the account has the address already', async () => {
    const { owner, email, revertToken } = await robbed();
    await move(client, owner, email, owner.email);
    expect((await revert(client, revertToken)).status).toBe(200);
    expect(await storedUser(owner.userId)).toMatchObject({ email: owner.email });
    for (const address of [owner.email, email]) {
      expect((await mailsTo(client, address)).map(({ kind }) => kind)).not.toContain('email_restored');
    }
  });

  test('is recorded, with each session that it ended (LOG-04)', async () => {
    const { owner, revertToken } = await robbed();
    const { headers } = await revert(client, revertToken);
    const request_id = headers.get('X-Request-Id');
    expect((await recordsOf(owner.userId)).slice(-2)).toMatchObject([
      { type: 'authn_token_revoked', reason: 'email_reverted', session_id: owner.sessionId, request_id },
      { type: 'user_updated', reason: 'email_reverted', session_id: null, request_id },
    ]);
  });

  test('works whatever address the account has now, and revokes the later revert link (EML-08)', async () => {
    const { owner, email, revertToken } = await robbed();
    const second = await move(client, owner, email);
    expect((await revert(client, revertToken)).status).toBe(200);
    expect(await storedUser(owner.userId)).toMatchObject({ email: owner.email });
    expectTokenInvalid(await revert(client, second.revertToken), 1);
    expect(await storedUser(owner.userId)).toMatchObject({ email: owner.email });
  });

  test('of a later change leaves the earlier revert link valid: a thief who changes the address twice gains nothing (EML-08)', async () => {
    const { owner, email, revertToken } = await robbed();
    const second = await move(client, owner, email);
    expect((await revert(client, second.revertToken)).status).toBe(200);
    expect(await storedUser(owner.userId)).toMatchObject({ email });
    expect((await revert(client, revertToken)).status).toBe(200);
    expect(await storedUser(owner.userId)).toMatchObject({ email: owner.email, has_password: false });
  });

  test('takes a link once, and none that has expired, was forged or is for something else (EML-06, ENU-09)', async () => {
    const { owner, revertToken } = await robbed();
    const forged = revertToken.slice(0, -4) + (revertToken.endsWith('AAAA') ? 'BBBB' : 'AAAA');
    for (const text of ['unknown', forged, await storeLinkTo(client, 'change_email', owner, owner.email)]) {
      expectTokenInvalid(await revert(client, text), 0);
    }
    expect((await revert(client, revertToken)).status).toBe(200);
    expectTokenInvalid(await revert(client, revertToken), 1);
    const late = await robbed();
    await query(sql`
      UPDATE one_time_tokens SET expires_at = now() - interval '1 second' WHERE owner_id = ${late.owner.userId}::uuid`);
    expectTokenInvalid(await revert(client, late.revertToken), 1);
    expect(await storedUser(late.owner.userId)).toMatchObject({ email: late.email });
  });

  test('of a user who is banned is token_invalid', async () => {
    const { owner, email, revertToken } = await robbed();
    await query(sql`UPDATE users SET banned_at = now() WHERE id = ${owner.userId}::uuid`);
    expectTokenInvalid(await revert(client, revertToken), 1);
    expect(await storedUser(owner.userId)).toMatchObject({ email, has_password: true });
  });

  test('to an address that another account has all the same is token_invalid, and nothing is half done', async () => {
    const { owner, email, revertToken } = await robbed();
    await query(sql`INSERT INTO users (email, name) VALUES (${owner.email}, 'Somebody Else')`);
    expectTokenInvalid(await revert(client, revertToken), 2);
    expect(await storedUser(owner.userId)).toMatchObject({ email, has_password: true });
    expect((await client.get('/api/auth/me', { bearer: owner.accessToken })).status).toBe(200);
    expect(await liveLinks(owner.userId)).toEqual(['revert_email']);
    expect((await mailsTo(client, email)).map(({ kind }) => kind)).toEqual(['confirm_email_change']);
  });

  test('touches nobody else', async () => {
    const { revertToken } = await robbed();
    const other = await robbed();
    await revert(client, revertToken);
    expect((await client.get('/api/auth/me', { bearer: other.owner.accessToken })).status).toBe(200);
    await logIn(client, other.email);
    expect((await revert(client, other.revertToken)).status).toBe(200);
  });

  test('whose answer was lost is 200, and has happened once (DBF-10)', async () => {
    const { owner, email, revertToken } = await robbed();
    const { endpoint } = await faultyEndpoint(['pass', 'commit-then-drop']);
    const answer = await revert(new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint }), revertToken);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 3 });
    expect((await mailsTo(client, owner.email)).map(({ kind }) => kind)).toEqual([
      'email_changed',
      'reset_password',
    ]);
    expect((await mailsTo(client, email)).map(({ kind }) => kind)).toEqual([
      'confirm_email_change',
      'email_restored',
    ]);
    expect(await liveLinks(owner.userId)).toEqual(['reset_password']);
    expect(await storedUser(owner.userId)).toMatchObject({ device_generation: 1 });
    const reverted = (await recordsOf(owner.userId)).filter(({ reason }) => reason === 'email_reverted');
    expect(reverted).toHaveLength(2);
  });
});

test('an address that its owner has left for good can be registered again', async () => {
  const { owner } = await robbed();
  await query(sql`
    UPDATE one_time_tokens SET expires_at = now() - interval '1 second' WHERE owner_id = ${owner.userId}::uuid`);
  await registerUser(client, { email: owner.email });
});
