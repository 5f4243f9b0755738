import { beforeAll, describe, expect, test } from 'vitest';
import { sealedPrefix } from '../../../src/crypto/seal.ts';
import { sql } from '../../../src/db/sql.ts';
import { cleanupTrustedDevices } from '../../../src/features/trusted-devices/own-trusted-devices.sql.ts';
import { findDueResets } from '../../../src/features/two-factor/operator-reset/operator-reset.sql.ts';
import { cleanupSetups } from '../../../src/features/two-factor/setup/set-up.sql.ts';
import { resealSecrets } from '../../../src/features/two-factor/totp-secret.ts';
import { keyringOf } from '../../mail/outbox-rows.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { databaseUrl, openDatabase, openForFlow } from '../../support/database.ts';
import { tokenFrom } from '../../support/mailbox.ts';
import { expectIndexed, plansOf } from '../../support/query-plans.ts';
import { adminSecret, randomSecret } from '../../support/test-env.ts';
import {
  challenge,
  codeAt,
  completeChallenge,
  freshCode,
  twoFactorUser,
  wrongCode,
} from '../../support/two-factor.ts';
import {
  disable,
  enable,
  exhaustChecks,
  expectRefused,
  forget,
  keep,
  listFactors,
  listTrusted,
  logInAs,
  missTimes,
  passResetDelay,
  reauthenticateBy,
  renewCodes,
  requestReset,
  startSetup,
  trustDevice,
  verifiedUser,
} from './calls.ts';

const client = new TestClient({ EMAIL_VERIFICATION: 'off', ADMIN_SECRET: adminSecret });

beforeAll(async () => {
  await openDatabase().batch([
    sql`INSERT INTO users (email, name, two_factor_since)
      SELECT 'user-' || n || '@example.com', 'User', now() - interval '1 day' FROM generate_series(1, 5000) n`,
    sql`INSERT INTO sessions (user_id, expires_at, absolute_expires_at)
      SELECT u.id, now() + interval '30 days', now() + interval '30 days' FROM users u`,
    sql`INSERT INTO login_attempts (bucket, count, last_attempt_id, window_ends_at)
      SELECT 'second-factor:' || u.id || ':world', 1, gen_random_uuid(), now() + interval '15 minutes' FROM users u`,
    sql`INSERT INTO security_events (user_id, type, outcome, request_id)
      SELECT u.id, 'user_created', 'success', gen_random_uuid() FROM users u`,
    sql`INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, expires_at)
      SELECT sha256(u.id::text::bytea), 'two_factor_challenge', u.id, u.email, now() + interval '1 day' FROM users u`,
    sql`INSERT INTO mail_outbox (id, kind, recipient, user_id, request_id, expires_at)
      SELECT gen_random_uuid(), 'two_factor_enabled', u.email, u.id, gen_random_uuid(), now() + interval '1 day' FROM users u`,
    sql`INSERT INTO factors (id, user_id, kind, name, secret_sealed, added_at, held_since)
      SELECT gen_random_uuid(), u.id, 'totp', 'App', 'v1.key' || (row_number() OVER () % 50) || '.x.' || u.id, now(), now() FROM users u`,
    sql`INSERT INTO backup_codes (user_id, code_hash)
      SELECT u.id, sha256((u.id || '-' || n)::bytea) FROM users u, generate_series(1, 3) n`,
    sql`INSERT INTO second_factor_devices (user_id, device_id, completed_at)
      SELECT u.id, gen_random_uuid(), now() FROM users u, generate_series(1, 2) n`,
    sql`INSERT INTO trusted_devices (id, user_id, expires_at)
      SELECT gen_random_uuid(), u.id, now() + interval '30 days' FROM users u, generate_series(1, 2) n`,
    sql`ANALYZE users, sessions, login_attempts, security_events, one_time_tokens, mail_outbox, factors, backup_codes,
      second_factor_devices, trusted_devices`,
  ]);
}, 60_000);

/** Checks the plans of a request, and that it was answered as expected. */
async function expectIndexedAt(status: number, request: () => Promise<Answer>): Promise<void> {
  const answers: Answer[] = [];
  const plans = await plansOf(databaseUrl(), async () => {
    const answer = await request();
    answers.push(answer);
    return answer;
  });
  expect(answers[0]?.status, answers[0]?.text).toBe(status);
  expect(plans.length).toBeGreaterThan(0);
  expectIndexed(plans.flat());
}

describe('on large tables', { timeout: 60_000 }, () => {
  test('no statement of a first step reads a table from end to end, with and without a trusted device', async () => {
    const user = await twoFactorUser(client);
    const { token } = await trustDevice(client, user);
    await expectIndexedAt(200, () => logInAs(client, user));
    await expectIndexedAt(200, () => logInAs(client, user, { trustedDeviceToken: token }));
  });

  test('nor does one of a second step: right, wrong, by a backup code, with trust, refused', async () => {
    const user = await twoFactorUser(client);
    const complete = async (status: number, proof: Readonly<Record<string, unknown>>) => {
      const first = await challenge(client, user);
      await expectIndexedAt(status, () => completeChallenge(client, first, proof));
    };
    await complete(200, { code: await freshCode(client, user) });
    await complete(200, { code: await freshCode(client, user), trustDevice: true });
    await complete(200, { backupCode: user.backupCodes[0] });
    await complete(401, { code: wrongCode(user.secret) });
    await exhaustChecks(client, user);
    await complete(429, { code: wrongCode(user.secret) });
  });

  test('nor does one of the fiftieth miss', async () => {
    const user = await twoFactorUser(client);
    await missTimes(client, user, 49);
    const first = await challenge(client, user);
    await openDatabase().query(sql`
      DELETE FROM login_attempts WHERE bucket = ${`second-factor:${user.userId}:world`}`);
    await expectIndexedAt(401, () => completeChallenge(client, first, { code: wrongCode(user.secret) }));
  });

  test('nor does one of a setup, its first code, the list, new backup codes, a re-authentication or turning off', async () => {
    const owner = await verifiedUser(client);
    await expectIndexedAt(200, () => startSetup(client, owner.accessToken));
    const { secret } = (await startSetup(client, owner.accessToken)).json;
    await expectIndexedAt(200, () => enable(client, owner.accessToken, codeAt(secret)));
    const user = await twoFactorUser(client);
    const bearer = user.accessToken;
    await expectIndexedAt(200, () => listFactors(client, bearer));
    await expectIndexedAt(200, () => renewCodes(client, bearer));
    await expectIndexedAt(401, () => reauthenticateBy(client, bearer, { code: wrongCode(user.secret) }));
    const code = await freshCode(client, user);
    await expectIndexedAt(200, () => disable(client, bearer, { code }));
    const other = await twoFactorUser(client);
    const proof = { code: await freshCode(client, other) };
    await expectIndexedAt(200, () => reauthenticateBy(client, other.accessToken, proof));
  });

  test('nor does one about trusted devices', async () => {
    const user = await twoFactorUser(client);
    await trustDevice(client, user);
    const bearer = user.accessToken;
    await expectIndexedAt(200, () => listTrusted(client, bearer));
    const [device] = (await listTrusted(client, bearer)).json.trustedDevices;
    await expectIndexedAt(200, () => forget(client, bearer, device.id));
    await expectIndexedAt(404, () => forget(client, bearer, device.id));
  });

  test("nor does one of an operator's reset: asked for, kept, and carried out at a sign-in", async () => {
    const user = await twoFactorUser(client);
    await expectIndexedAt(202, () => requestReset(client, user.userId));
    const token = await tokenFrom(client, user.email, 'two_factor_reset_requested');
    await expectIndexedAt(200, () => keep(client, token));
    expect((await requestReset(client, user.userId)).status).toBe(202);
    await passResetDelay(client, user);
    await expectIndexedAt(200, () => logInAs(client, user));
    expectRefused(await requestReset(client, user.userId), 409, 'two_factor_not_enabled');
  });

  test('nor does one of the clean-up, in which many rows of each kind are left as they are', async () => {
    const db = openForFlow();
    const keyring = keyringOf(
      new TestClient({ AUTH_SECRET: randomSecret(), AUTH_SECRET_PREVIOUS: String(client.env.AUTH_SECRET) }),
    );
    await openDatabase().query(sql`
      UPDATE factors SET secret_sealed = replace(secret_sealed, 'v1.key7.', ${sealedPrefix(keyring.previous!)})`);
    const runs: readonly (() => Promise<unknown>)[] = [
      () => cleanupSetups(db, 500),
      () => cleanupTrustedDevices(db, 500),
      () => findDueResets(db, 500),
      () => resealSecrets.runBatch(db, 500, keyring),
      () => resealSecrets.countLeft(db, keyring),
    ];
    for (const run of runs) {
      const plans = await plansOf(databaseUrl(), async () => {
        const roundTripsBefore = db.roundTrips;
        await run();
        return { roundTrips: db.roundTrips - roundTripsBefore } as Answer;
      });
      expectIndexed(plans.flat());
    }
    // Those of the tests before were sealed anew.
    expect(await resealSecrets.countLeft(db, keyring)).toEqual({ sealedWithPrevious: 100 });
  });
});
