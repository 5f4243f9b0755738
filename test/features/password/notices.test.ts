import { describe, expect, test } from 'vitest';
import { freshClient, otherPassword, password } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { causeMails, mailsTo } from '../../support/mailbox.ts';
import { settle } from '../email-change/mover.ts';
import { type SignedIn, signIn } from '../sessions/session-fixtures.ts';
import { linkFor, reset } from './password-reset.ts';
import { type Bearer, changePassword, ownersRoutes, prove, recordsOf } from './signed-in-owner.ts';

// Without the mail of the registration, which is tested elsewhere.
const client = new TestClient({ EMAIL_VERIFICATION: 'off', LOGIN_ATTEMPTS_MAX: '2' });

/** Changes the password to and fro, and returns how many times the owner was told. */
async function changeTimes(count: number, owner: SignedIn): Promise<number> {
  let bearer: Bearer = owner;
  for (let index = 0; index < count; index++) {
    const [currentPassword, newPassword] =
      index % 2 === 0 ? [password, otherPassword] : [otherPassword, password];
    const answer = await changePassword(client, bearer, { currentPassword, newPassword });
    expect(answer.status, answer.text).toBe(200);
    bearer = answer.json;
  }
  return (await mailsTo(client, owner.email)).filter(({ kind }) => kind === 'password_changed').length;
}

describe('the notices of one account have a budget', { timeout: 60_000 }, () => {
  test('of five in an hour for a verified address (EML-13)', async () => {
    expect(await changeTimes(14, await settle(await signIn(client)))).toBe(5);
  });

  test('of two in a day for one that nobody has verified (EML-13, EML-14)', async () => {
    expect(await changeTimes(4, await signIn(client))).toBe(2);
  });

  test('that no client can use up: its 30 mails keep no notice from the owner (EML-13)', async () => {
    const owner = await settle(await signIn(client));
    const headers = freshClient();
    await causeMails(client, headers, 31);
    const body = { currentPassword: password, newPassword: otherPassword, confirmPassword: otherPassword };
    const options = { bearer: owner.accessToken, headers };
    expect((await client.post('/api/auth/password/change', body, options)).status).toBe(200);
    expect((await mailsTo(client, owner.email)).map(({ kind }) => kind)).toEqual(['password_changed']);
  });

  test('that a reset does not ask: whoever used its link is told (EML-13)', async () => {
    const owner = await settle(await signIn(client));
    await changeTimes(5, owner);
    const before = (await mailsTo(client, owner.email)).length;
    expect((await reset(client, await linkFor(client, owner.email))).status).toBe(200);
    const kinds = (await mailsTo(client, owner.email)).slice(before).map(({ kind }) => kind);
    expect(kinds.toSorted()).toEqual(['password_changed', 'reset_password']);
  });
});

describe('the owner is told by mail', () => {
  test('that the password was changed, once', async () => {
    const owner = await signIn(client);
    expect((await changePassword(client, owner)).status).toBe(200);
    expect(await mailsTo(client, owner.email)).toMatchObject([
      { kind: 'password_changed', user_id: owner.userId, token: null, outcome: null },
    ]);
  });

  test('nothing where a change was refused', async () => {
    const owner = await signIn(client);
    await changePassword(client, owner, { currentPassword: 'wrong' });
    expect(await mailsTo(client, owner.email)).toEqual([]);
  });

  test.each(Object.keys(ownersRoutes))(
    'that %s was refused for too many wrong passwords, once in a window, and without a link (LIM-13)',
    async (key) => {
      const owner = await signIn(client);
      for (let index = 0; index < 5; index++) await prove(client, key, owner, 'wrong');
      expect(await mailsTo(client, owner.email)).toMatchObject([
        { kind: 'password_check_locked', user_id: owner.userId, token: null },
      ]);
      const locks = (await recordsOf(owner.userId)).filter(({ type }) => type === 'authn_login_lock');
      expect(locks).toMatchObject([{ session_id: owner.sessionId, outcome: 'failure' }]);
    },
  );
});
