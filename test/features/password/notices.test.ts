import { describe, expect, test } from 'vitest';
import { TestClient } from '../../support/client.ts';
import { mailsTo } from '../../support/mailbox.ts';
import { signIn } from '../sessions/session-fixtures.ts';
import { changePassword, ownersRoutes, prove, recordsOf } from './signed-in-owner.ts';

// Without the mail of the registration, which is tested elsewhere.
const client = new TestClient({ EMAIL_VERIFICATION: 'off', LOGIN_ATTEMPTS_MAX: '2' });

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
