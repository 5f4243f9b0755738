import { describe, expect, test, vi } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshEmail, logIn, registerUser } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { faultyEndpoint, query } from '../../support/database.ts';
import { mailsTo, waitingMailsTo } from '../../support/mailbox.ts';
import { deleteAccount, recordsOf } from '../password/signed-in-owner.ts';
import { findUsers } from '../password/stored-accounts.ts';
import { signedInBy, signIn } from '../sessions/session-fixtures.ts';
import { confirm, expectTokenInvalid, linkTo, move, revert, storedUser } from './mover.ts';

// Without the mail of the registration, which is tested elsewhere.
const client = new TestClient({ EMAIL_VERIFICATION: 'off' });

describe('the deletion of an account', () => {
  test('is told to the address that it had, once, and takes back what was still to be sent (PRV-05, PRV-04)', async () => {
    const owner = await signIn(client);
    const newEmail = freshEmail();
    await linkTo(client, owner, newEmail);
    expect((await deleteAccount(client, owner)).status).toBe(200);
    expect(await waitingMailsTo(client, owner.email)).toMatchObject([
      { kind: 'account_deleted', user_id: null, outcome: null, token: null },
    ]);
    expect(await waitingMailsTo(client, newEmail)).toEqual([]);
  });

  test('of an account that was moved is told to every address that could have had it back, once each, and nothing else is left to send (PRV-05, EML-08)', async () => {
    const owner = await signIn(client);
    const { email: second } = await move(client, owner);
    const { email: third } = await move(client, owner, second);
    await move(client, owner, third, second);
    const { email: last } = await move(client, owner, second);
    expect((await deleteAccount(client, owner)).status).toBe(200);
    for (const address of [owner.email, second, third, last]) {
      expect(await waitingMailsTo(client, address)).toMatchObject([
        { kind: 'account_deleted', user_id: null, outcome: null, token: null },
      ]);
    }
  });

  test('is told once to an address that the account has moved back to (PRV-05)', async () => {
    const owner = await signIn(client);
    const { email } = await move(client, owner);
    await move(client, owner, email, owner.email);
    await deleteAccount(client, owner);
    expect((await waitingMailsTo(client, owner.email)).map(({ kind }) => kind)).toEqual(['account_deleted']);
  });

  test('is told in the language of the account (PRV-05)', async () => {
    const owner = await signIn(client);
    await query(sql`UPDATE users SET locale = 'de' WHERE id = ${owner.userId}::uuid`);
    await move(client, owner);
    await deleteAccount(client, owner);
    expect(await waitingMailsTo(client, owner.email)).toMatchObject([
      { kind: 'account_deleted', locale: 'de' },
    ]);
  });

  test('is no business of an address that has had the account back, or cannot any more', async () => {
    const owner = await signIn(client);
    await move(client, owner);
    await query(sql`
      UPDATE one_time_tokens SET expires_at = now() - interval '1 second' WHERE owner_id = ${owner.userId}::uuid`);
    await deleteAccount(client, owner);
    expect(await waitingMailsTo(client, owner.email)).toEqual([]);
    const [mover, other] = [await signIn(client), await signIn(client)];
    const moved = await move(client, mover);
    await move(client, other);
    await query(sql`
      UPDATE one_time_tokens SET spent_at = now(), spent_by = gen_random_uuid() WHERE owner_id = ${mover.userId}::uuid`);
    await deleteAccount(client, mover);
    expect(await waitingMailsTo(client, mover.email)).toEqual([]);
    expect((await waitingMailsTo(client, moved.email)).map(({ kind }) => kind)).toEqual(['account_deleted']);
    expect((await waitingMailsTo(client, other.email)).map(({ kind }) => kind)).toEqual(['email_changed']);
  });

  test('of an account that was moved, whose answer was lost, is told once to each address (DBF-10)', async () => {
    const owner = await signIn(client);
    const { email } = await move(client, owner);
    const { endpoint } = await faultyEndpoint(['pass', 'commit-then-drop']);
    const answer = await deleteAccount(new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint }), owner);
    expect(answer.status, answer.text).toBe(200);
    for (const address of [owner.email, email]) expect(await waitingMailsTo(client, address)).toHaveLength(1);
  });

  test('that is refused is told to nobody', async () => {
    const owner = await signIn(client);
    expect((await deleteAccount(client, owner, 'wrong')).status).toBe(403);
    expect(await mailsTo(client, owner.email)).toEqual([]);
  });

  test('deletes every link, consumed ones too: none revives the account (PRV-03, PRV-04)', async () => {
    const owner = await signIn(client);
    const { revertToken } = await move(client, owner);
    const pending = await linkTo(client, owner, freshEmail());
    await deleteAccount(client, owner);
    expect(await query(sql`SELECT 1 FROM one_time_tokens WHERE owner_id = ${owner.userId}::uuid`)).toEqual(
      [],
    );
    expectTokenInvalid(await confirm(client, pending), 1);
    expectTokenInvalid(await revert(client, revertToken), 1);
    expect(await storedUser(owner.userId)).toBeUndefined();
  });

  test('between request and use leaves a link that does nothing to who registers the address next (PRV-04)', async () => {
    const owner = await signIn(client);
    const { revertToken } = await move(client, owner);
    const pending = await linkTo(client, owner, freshEmail());
    await deleteAccount(client, owner);
    const next = await registerUser(client, { email: owner.email });
    expectTokenInvalid(await confirm(client, pending), 1);
    expectTokenInvalid(await revert(client, revertToken), 1);
    expect(await findUsers(owner.email)).toHaveLength(1);
    expect(signedInBy(next).userId).not.toBe(owner.userId);
    await logIn(client, owner.email);
  });

  test('between the two round trips of a confirmation is token_invalid (PRV-04)', async () => {
    const owner = await signIn(client);
    const newEmail = freshEmail();
    const pending = await linkTo(client, owner, newEmail);
    const { endpoint, seen } = await faultyEndpoint(['pass', { delayMs: 900 }]);
    const late = confirm(new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint }), pending);
    await vi.waitFor(async () => expect(await seen()).toHaveLength(2));
    await deleteAccount(client, owner);
    expectTokenInvalid(await late, 3);
    expect(await findUsers(newEmail)).toEqual([]);
  });

  test('leaves of the record what happened, and nothing of where, its own event included (PRV-05)', async () => {
    const headers = { 'CF-Connecting-IP': '203.0.113.9', 'User-Agent': 'curl/8.5' };
    const owner = await signIn(client);
    const other = await signIn(client);
    for (const { email } of [owner, other]) {
      await client.post('/api/auth/login', { email, password: 'wrong' }, { headers });
    }
    const { accessToken: bearer } = owner;
    const body = { password: 'correct horse battery staple' };
    const answer = await client.call('DELETE', '/api/auth/me', { bearer, body, headers });
    expect(answer.status, answer.text).toBe(200);
    expect((await recordsOf(owner.userId)).map(({ type }) => type)).toEqual([
      'user_created',
      'authn_login_fail',
      'user_deleted',
    ]);
    const traced = (userId: string) =>
      query(sql`
        SELECT type FROM security_events WHERE user_id = ${userId}::uuid
          AND (ip_address IS NOT NULL OR user_agent IS NOT NULL OR device IS NOT NULL OR location IS NOT NULL)`);
    expect(await traced(owner.userId)).toEqual([]);
    expect((await traced(other.userId)).map((row) => JSON.stringify(row)).toSorted()).toEqual([
      '{"type":"authn_login_fail"}',
      '{"type":"user_created"}',
    ]);
  });
});
