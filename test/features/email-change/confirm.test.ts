import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshEmail, logIn, otherPassword, password, registerUser } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { faultyEndpoint, query } from '../../support/database.ts';
import { mailsTo } from '../../support/mailbox.ts';
import { adminSecret } from '../../support/test-env.ts';
import { postRegistration, requiredClient, waitingFor } from '../email-verification/pending-registrations.ts';
import { recordsOf, signInAgain } from '../password/signed-in-owner.ts';
import { signIn } from '../sessions/session-fixtures.ts';
import {
  confirm,
  expectTokenInvalid,
  linkTo,
  liveLinks,
  path,
  requestChange,
  settle,
  storedUser,
  storeLinkTo,
} from './mover.ts';

// Without the mail of the registration, which is tested elsewhere.
const client = new TestClient({ EMAIL_VERIFICATION: 'off', ADMIN_SECRET: adminSecret });

async function asked(newEmail: string = freshEmail()) {
  const owner = await signIn(client);
  return { owner, newEmail, token: await linkTo(client, owner, newEmail) };
}

// That its link is not enough by itself: test/features/link-holder/link-holder.security.test.ts.
describe('POST /api/auth/email/change/confirm', () => {
  test('moves the account to the proved address in two round trips; its sessions stay (EML-08)', async () => {
    const { owner, newEmail, token } = await asked();
    const other = await signInAgain(client, owner.email);
    const answer = await confirm(client, token);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2, setCookies: [] });
    for (const { accessToken: bearer } of [owner, other]) {
      const me = await client.get('/api/auth/me', { bearer });
      expect(me.json.user).toMatchObject({ email: newEmail, emailVerified: true });
      expect(answer.json).toStrictEqual({ success: true, user: me.json.user });
    }
    await logIn(client, newEmail);
    const before = await client.post('/api/auth/login', { email: owner.email, password });
    expect(before.json.code).toBe('invalid_credentials');
    expect(await storedUser(owner.userId)).toMatchObject({ has_password: true, device_generation: 0 });
  });

  test('notifies the former address, with a revert link for seven days (EML-08)', async () => {
    const { owner, token } = await asked();
    await settle(owner);
    await confirm(client, token);
    expect(await mailsTo(client, owner.email)).toMatchObject([
      { kind: 'email_changed', user_id: owner.userId, token: expect.stringMatching(/^nxb_/) },
    ]);
    const [row] = await query(sql`
      SELECT email, target_email, round(extract(epoch FROM expires_at - created_at))::int AS seconds
      FROM one_time_tokens WHERE owner_id = ${owner.userId}::uuid AND kind = 'revert_email'`);
    expect(row).toEqual({ email: owner.email, target_email: owner.email, seconds: 604_800 });
  });

  test('is recorded, and as the first verification where it is that (LOG-04)', async () => {
    const { owner, token } = await asked();
    const first = await confirm(client, token);
    const email = freshEmail();
    await confirm(client, await linkTo(client, owner, email));
    const records = (await recordsOf(owner.userId)).filter(
      ({ reason }) => reason !== 'email_change_requested',
    );
    expect(records.map(({ type, reason }) => [type, reason])).toEqual([
      ['user_created', null],
      ['user_updated', expect.stringMatching(/^email_(changed|verified)$/)],
      ['user_updated', expect.stringMatching(/^email_(changed|verified)$/)],
      ['user_updated', 'email_changed'],
    ]);
    expect(records[1]?.reason).not.toBe(records[2]?.reason);
    expect(records[1]?.request_id).toBe(first.headers.get('X-Request-Id'));
  });

  test('takes a link once (EML-06)', async () => {
    const { owner, token } = await asked();
    expect((await confirm(client, token)).status).toBe(200);
    expectTokenInvalid(await confirm(client, token), 1);
    expect(await mailsTo(client, owner.email)).toHaveLength(1);
  });

  test('takes none that has expired, was forged or is for something else (EML-06, ENU-09)', async () => {
    const { owner, newEmail, token } = await asked();
    const forged = token.slice(0, -4) + (token.endsWith('AAAA') ? 'BBBB' : 'AAAA');
    for (const text of ['unknown', forged, token.replace('nxe_', 'nxb_')]) {
      expectTokenInvalid(await confirm(client, text), 0);
    }
    expectTokenInvalid(await confirm(client, await storeLinkTo(client, 'revert_email', owner, newEmail)), 0);
    await query(sql`
      UPDATE one_time_tokens SET expires_at = now() - interval '1 second'
      WHERE owner_id = ${owner.userId}::uuid AND kind = 'change_email'`);
    expectTokenInvalid(await confirm(client, token), 1);
    expect(await storedUser(owner.userId)).toMatchObject({ email: owner.email });
  });

  test('takes none of a user who is banned, until the ban is lifted', async () => {
    const { owner, token } = await asked();
    await query(sql`UPDATE users SET banned_at = now() WHERE id = ${owner.userId}::uuid`);
    expectTokenInvalid(await confirm(client, token), 1);
    await query(sql`UPDATE users SET banned_at = NULL WHERE id = ${owner.userId}::uuid`);
    expect((await confirm(client, token)).status).toBe(200);
  });

  test('ends what was sent to the address before to get in, and leaves what protects the account (EML-06)', async () => {
    const { owner, token } = await asked();
    const kinds = ['reset_password', 'verify_email', 'unlock', 'not_me', 'revert_email'] as const;
    for (const kind of kinds) await storeLinkTo(client, kind, owner, owner.email);
    await confirm(client, token);
    expect(await liveLinks(owner.userId)).toEqual(['not_me', 'revert_email', 'revert_email']);
  });

  test('to an address that somebody has taken meanwhile is token_invalid, and nothing is half done', async () => {
    const { owner, newEmail, token } = await asked();
    await registerUser(client, { email: newEmail });
    // Before anything is said about the password.
    for (const body of [{ password }, { password: otherPassword }, {}])
      expectTokenInvalid(await client.post(`${path}/confirm`, { token, ...body }), 1);
    expect(await storedUser(owner.userId)).toMatchObject({ email: owner.email, is_verified: false });
    expect(await mailsTo(client, owner.email)).toEqual([]);
    expect(await liveLinks(owner.userId)).toEqual(['change_email']);
    expect(await recordsOf(owner.userId)).toHaveLength(2);
  });

  test('to an address that somebody can have back meanwhile is token_invalid', async () => {
    const { owner, newEmail, token } = await asked();
    const former = await signIn(client);
    await storeLinkTo(client, 'revert_email', former, newEmail);
    expectTokenInvalid(await confirm(client, token), 1);
    expect(await storedUser(owner.userId)).toMatchObject({ email: owner.email });
    await query(sql`
      UPDATE one_time_tokens SET expires_at = now() - interval '1 second' WHERE owner_id = ${former.userId}::uuid`);
    expect((await confirm(client, token)).status).toBe(200);
  });

  test('to an address that somebody takes between its two round trips is token_invalid', async () => {
    const { owner, newEmail, token } = await asked();
    const { endpoint } = await faultyEndpoint(['pass', { delayMs: 500 }]);
    const late = confirm(new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint }), token);
    await scheduler.wait(250);
    await query(sql`INSERT INTO users (email, name) VALUES (${newEmail}, 'Somebody Else')`);
    expectTokenInvalid(await late, 3);
    expect(await storedUser(owner.userId)).toMatchObject({ email: owner.email });
    expect(await liveLinks(owner.userId)).toEqual(['change_email']);
  });

  test('whose account has another address between its two round trips tells that one, by the second look', async () => {
    const { owner, newEmail, token } = await asked();
    const { endpoint } = await faultyEndpoint(['pass', { delayMs: 500 }]);
    const slow = new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint });
    const late = confirm(slow, token);
    await scheduler.wait(250);
    const between = freshEmail();
    await query(sql`UPDATE users SET email = ${between} WHERE id = ${owner.userId}::uuid`);
    expect(await late).toMatchObject({ status: 200, roundTrips: 4 });
    expect(await storedUser(owner.userId)).toMatchObject({ email: newEmail });
    expect(await mailsTo(client, owner.email)).toEqual([]);
    expect((await mailsTo(client, between)).map(({ kind }) => kind)).toEqual(['email_changed']);
  });

  test('whose answer was lost is 200, and has happened once (DBF-10)', async () => {
    const { owner, newEmail, token } = await asked();
    const { endpoint } = await faultyEndpoint(['pass', 'commit-then-drop']);
    const answer = await confirm(new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint }), token);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 3 });
    expect(await storedUser(owner.userId)).toMatchObject({ email: newEmail });
    expect(await mailsTo(client, owner.email)).toHaveLength(1);
    expect(await liveLinks(owner.userId)).toEqual(['revert_email']);
    expect(await recordsOf(owner.userId)).toHaveLength(4);
  });
});

describe('a change that nobody has confirmed yet', () => {
  // Whoever asked for it may be the one whose session is ended. Every other occasion is tried by closing-table.test.ts.
  test('dies with the end of the session that asked for it (EML-08, SES-10)', async () => {
    const owner = await signIn(client);
    const asking = await signInAgain(client, owner.email);
    const token = await linkTo(client, asking, freshEmail());
    const session = `/api/auth/sessions/${asking.sessionId}`;
    expect((await client.call('DELETE', session, { bearer: owner.accessToken })).status).toBe(200);
    expectTokenInvalid(await confirm(client, token), 1);
    expect(await storedUser(owner.userId)).toMatchObject({ email: owner.email });
  });

  test('outlives a logout, and the end of another account’s sessions', async () => {
    const { owner, newEmail, token } = await asked();
    const other = await signIn(client);
    await client.call('DELETE', '/api/auth/sessions', { bearer: other.accessToken });
    await client.post('/api/auth/logout', undefined, { bearer: owner.accessToken });
    expect((await confirm(client, token)).status).toBe(200);
    expect(await storedUser(owner.userId)).toMatchObject({ email: newEmail });
  });

  test('dies with another that is confirmed (EML-06)', async () => {
    const { owner, token } = await asked();
    // Stored behind the back of the request, which would have ended it.
    const other = await storeLinkTo(client, 'change_email', owner, freshEmail());
    expect((await confirm(client, token)).status).toBe(200);
    expectTokenInvalid(await confirm(client, other), 1);
  });

  test('takes no address: somebody else can ask for the same one, and register it', async () => {
    const { newEmail } = await asked();
    const other = await signIn(client);
    expect((await requestChange(client, other, newEmail)).status).toBe(202);
    await registerUser(client, { email: newEmail });
  });
});

describe('pending registrations', () => {
  const required = requiredClient();

  test('go with the address that is proved, and not with the one that is left (LNK-06)', async () => {
    const { owner, newEmail, token } = await asked();
    for (const email of [owner.email, newEmail]) await postRegistration(required, email);
    expect((await confirm(client, token)).status).toBe(200);
    expect(await waitingFor(required, newEmail)).toBe(0);
    expect(await waitingFor(required, owner.email)).toBe(1);
  });
});
