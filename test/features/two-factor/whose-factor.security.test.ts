import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { otherPassword } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { mailsTo, tokenFrom } from '../../support/mailbox.ts';
import { adminSecret } from '../../support/test-env.ts';
import {
  challenge,
  codeAt,
  completeChallenge,
  signInWithCode,
  type TwoFactorUser,
  twoFactorUser,
} from '../../support/two-factor.ts';
import {
  change,
  databaseOf,
  enable,
  reauthenticateBy,
  requestReset,
  startSetup,
  verifiedUser,
} from './calls.ts';

const client = new TestClient({ ADMIN_SECRET: adminSecret });

/** As if two-factor had been turned on long ago. */
async function userForLong(): Promise<TwoFactorUser> {
  const user = await twoFactorUser(client);
  await change(
    client,
    sql`UPDATE factors SET added_at = now() - interval '300 days', held_since = now() - interval '300 days'
      WHERE user_id = ${user.userId}::uuid`,
  );
  return user;
}

/** Puts another authenticator in the place of the one before, as with a new phone. */
async function replaceAuthenticator(bearer: string): Promise<void> {
  const { secret } = (await startSetup(client, bearer)).json;
  expect((await enable(client, bearer, codeAt(secret))).status).toBe(200);
}

/** What "this was not me" and the new password after it leave of a sign-in. */
async function disown(email: string) {
  const token = await tokenFrom(client, email, 'new_device');
  expect((await client.post('/api/auth/not-me', { token })).status).toBe(200);
  const reset = await tokenFrom(client, email, 'reset_password');
  const body = { token: reset, password: otherPassword, confirmPassword: otherPassword };
  expect((await client.post('/api/auth/password/reset', body)).status).toBe(200);
  return client.post('/api/auth/login', { email, password: otherPassword });
}

describe('an authenticator that replaced another one', () => {
  test('is not ended by "not me" about a sign-in from before: whoever reads the mailbox is asked for a code (SES-21)', async () => {
    const user = await userForLong();
    const { json } = await completeChallenge(client, await challenge(client, user), {
      backupCode: user.backupCodes[0],
    });
    await replaceAuthenticator(json.accessToken);
    expect((await disown(user.email)).json.twoFactorRequired).toBe(true);
  });

  test('is ended where what it replaced was turned on after that sign-in (SES-21)', async () => {
    const user = await twoFactorUser(client);
    const { json } = await signInWithCode(client, user);
    // The notice is older than all authenticators.
    await change(
      client,
      sql`UPDATE one_time_tokens SET created_at = now() - interval '1 hour' WHERE owner_id = ${user.userId}::uuid`,
    );
    await replaceAuthenticator(json.accessToken);
    expect((await disown(user.email)).json.accessToken).toBeDefined();
  });
});

describe('the time of authentication in a token', () => {
  test('stays that of the second factor when the password alone was entered again (SES-19)', async () => {
    const user = await twoFactorUser(client);
    await change(
      client,
      sql`UPDATE sessions SET second_factor_at = now() - interval '2 hours', authenticated_at = now() - interval '2 hours'
        WHERE user_id = ${user.userId}::uuid`,
    );
    const longAgo = Date.now() / 1000 - 7000;
    const { json } = await reauthenticateBy(client, user.accessToken, {
      password: 'correct horse battery staple',
    });
    const refreshed = await client.post('/api/auth/refresh', { refreshToken: json.refreshToken });
    for (const token of [json.accessToken, refreshed.json.accessToken]) {
      const { acr, auth_time } = decodeJwt<{ acr: string; auth_time: number }>(token);
      expect(acr).toBe('aal2');
      expect(auth_time).toBeLessThan(longAgo);
    }
  });
});

describe('an operator’s reset', () => {
  test('is told whatever else was mailed to the address before (OTP-15)', async () => {
    const user = await twoFactorUser(client);
    await change(client, sql`UPDATE users SET email_verified_at = NULL WHERE id = ${user.userId}::uuid`);
    await change(
      client,
      sql`INSERT INTO mail_outbox (id, kind, recipient, recipient_key, user_id, request_id, facts, expires_at)
        SELECT gen_random_uuid(), k.kind, u.email, u.address_key, u.id, gen_random_uuid(), '{}', now() + interval '1 day'
        FROM users u, (VALUES ('two_factor_reset_requested'), ('two_factor_reset')) AS k (kind), generate_series(1, 20)
        WHERE u.id = ${user.userId}::uuid`,
    );
    expect((await requestReset(client, user.userId)).status).toBe(202);
    const sealed = (await mailsTo(client, user.email)).filter(
      ({ kind, token }) => kind === 'two_factor_reset_requested' && token !== null,
    );
    expect(sealed).toHaveLength(1);
  });
});

describe('a setup', () => {
  test('is refused while the address of an account from before the upgrade is not verified', async () => {
    const user = await verifiedUser(client);
    await change(
      client,
      sql`UPDATE users SET email_verified_at = NULL, is_verification_exempt = true WHERE id = ${user.userId}::uuid`,
    );
    const answer = await startSetup(client, user.accessToken);
    expect([answer.status, answer.json.code]).toEqual([403, 'email_not_verified']);
  });

  test.each(['setup', 'backup-codes'])('of %s takes no member that it does not know', async (name) => {
    const user = await twoFactorUser(client);
    const answer = await client.post(
      `/api/auth/two-factor/${name}`,
      { code: '123456' },
      { bearer: user.accessToken },
    );
    expect([answer.status, answer.json.code]).toEqual([400, 'validation_failed']);
  });
});

describe('right codes that come for a session which has just got another id', () => {
  test('are no misses, and are not used (OTP-14)', async () => {
    const user = await twoFactorUser(client);
    const answers = await Promise.all(
      user.backupCodes
        .slice(0, 6)
        .map((backupCode) => reauthenticateBy(client, user.accessToken, { backupCode })),
    );
    const codes = answers.map(({ status, json }) => (status === 200 ? 'done' : json.code)).toSorted();
    expect(codes).toEqual(['done', ...Array<string>(5).fill('unauthenticated')]);
    const [row] = await databaseOf(client).query<{ used: number; misses: number }>(sql`
      SELECT (SELECT count(*)::int FROM backup_codes b WHERE b.user_id = u.id AND b.used_at IS NOT NULL) AS used,
        (SELECT coalesce(sum(d.misses), 0)::int FROM second_factor_devices d WHERE d.user_id = u.id) AS misses
      FROM users u WHERE u.id = ${user.userId}::uuid`);
    expect(row).toEqual({ used: 1, misses: 0 });
  });
});
