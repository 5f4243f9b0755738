import { describe, expect, test, vi } from 'vitest';
import { runScheduled } from '../../../src/app.ts';
import { sealedPrefix } from '../../../src/crypto/seal.ts';
import { sql } from '../../../src/db/sql.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import { TestClient } from '../../support/client.ts';
import { faultyEndpoint } from '../../support/database.ts';
import { randomSecret } from '../../support/test-env.ts';
import {
  challenge,
  codeAt,
  completeChallenge,
  freshCode,
  signInWithCode,
  type TwoFactorUser,
  twoFactorUser,
} from '../../support/two-factor.ts';
import { keyringOf } from '../sessions/session-fixtures.ts';
import {
  change,
  databaseOf,
  disable,
  enable,
  expectAsked,
  expectRefused,
  reauthenticateBy,
  startSetup,
  verifiedUser,
} from './calls.ts';

/** The service before AUTH_SECRET is replaced, while both are there, and when the previous one is gone. */
function rotation() {
  const [first, second] = [randomSecret(), randomSecret()];
  const shared = { EMAIL_VERIFICATION: 'off' };
  return {
    before: new TestClient({ ...shared, AUTH_SECRET: first }),
    during: new TestClient({ ...shared, AUTH_SECRET: second, AUTH_SECRET_PREVIOUS: first }),
    after: new TestClient({ ...shared, AUTH_SECRET: second }),
  };
}

/** Runs the clean-up and returns what it says of the secrets. */
async function cleanUp(client: TestClient): Promise<Record<string, unknown>> {
  const lines = recordLog();
  await runScheduled({ cron: '0 2 * * *' }, client.env);
  const entry = lines.map((line) => JSON.parse(line)).find(({ rows }) => rows === 'factors.secret_sealed');
  return entry ?? {};
}

/** How many secrets each root has sealed. */
async function sealedBy(client: TestClient): Promise<number> {
  const prefix = sealedPrefix(keyringOf(client).current);
  const [row] = await databaseOf(client).query<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM factors WHERE starts_with(secret_sealed, ${prefix})`,
  );
  return row!.count;
}

/** Counts the checks that are taken in the window, and the misses. */
async function countedOf(client: TestClient, { userId }: TwoFactorUser): Promise<number> {
  const [row] = await databaseOf(client).query<{ count: number }>(sql`
    SELECT coalesce(sum(count), 0)::int AS count FROM login_attempts
    WHERE bucket LIKE ${`second-factor:${userId}:%`} AND window_ends_at > now()`);
  const [misses] = await databaseOf(client).query<{ count: number }>(sql`
    SELECT coalesce(sum(misses), 0)::int AS count FROM second_factor_devices WHERE user_id = ${userId}::uuid`);
  return row!.count + misses!.count;
}

describe('while AUTH_SECRET is being replaced (SUP-04)', () => {
  test('codes work with the previous secret, and what is set up meanwhile is sealed with the new one', async () => {
    const { before, during } = rotation();
    const user = await twoFactorUser(before);
    const answer = await signInWithCode(during, user);
    expect(answer.json.user.twoFactorEnabled).toBe(true);
    expect([await sealedBy(before), await sealedBy(during)]).toEqual([1, 0]);
    await twoFactorUser(during);
    expect([await sealedBy(before), await sealedBy(during)]).toEqual([1, 1]);
  });

  test('the clean-up seals all anew, counts what is left down to 0, and then the previous secret can go', async () => {
    const { before, during, after } = rotation();
    const users = [await twoFactorUser(before), await twoFactorUser(before)];
    const owner = await verifiedUser(before);
    const unfinished = (await startSetup(before, owner.accessToken)).json.secret;
    expect(await sealedBy(before)).toBe(3);
    expect(await cleanUp(during)).toMatchObject({
      ...{ event: 'clean_up_finished', renewed: 3, sealedWithPrevious: 0, isComplete: true },
    });
    expect([await sealedBy(before), await sealedBy(after)]).toEqual([0, 3]);
    expect(await cleanUp(during)).toMatchObject({ renewed: 0, sealedWithPrevious: 0 });
    for (const user of users) {
      const answer = await signInWithCode(after, user);
      expect(answer.json.user.id).toBe(user.userId);
    }
    const login = await after.post('/api/auth/login', {
      ...{ email: owner.email, password: 'correct horse battery staple' },
    });
    expect((await enable(after, login.json.accessToken, codeAt(unfinished))).status).toBe(200);
  });

  test('the clean-up says how many are left, of which one that does not open is one', async () => {
    const { before, during } = rotation();
    const [user, copied] = [await twoFactorUser(before), await twoFactorUser(before)];
    await change(
      before,
      sql`UPDATE factors f SET secret_sealed = o.secret_sealed FROM factors o
        WHERE f.user_id = ${copied.userId}::uuid AND o.user_id = ${user.userId}::uuid`,
    );
    expect(await cleanUp(during)).toMatchObject({ renewed: 1, sealedWithPrevious: 1 });
    expect(await cleanUp(during)).toMatchObject({ renewed: 0, sealedWithPrevious: 1 });
    await change(before, sql`DELETE FROM factors WHERE user_id = ${copied.userId}::uuid`);
    expect(await cleanUp(during)).toMatchObject({ renewed: 0, sealedWithPrevious: 0 });
  });

  test('the clean-up without a previous secret counts nothing, and asks the database nothing', async () => {
    const { before } = rotation();
    await twoFactorUser(before);
    const entry = await cleanUp(before);
    expect(entry).toMatchObject({ renewed: 0 });
    expect(entry).not.toHaveProperty('sealedWithPrevious');
    const { endpoint, seen } = await faultyEndpoint();
    await runScheduled({ cron: '0 2 * * *' }, { ...before.env, DATABASE_HTTP_ENDPOINT: endpoint });
    const texts = (await seen()).flatMap(({ queries }) => queries);
    expect(texts.length).toBeGreaterThan(0);
    expect(texts.filter((text) => text.includes('secret_sealed'))).toEqual([]);
  });

  test('more secrets than one batch are sealed anew in one run', async () => {
    const { before, during } = rotation();
    const user = await twoFactorUser(before);
    // They open: a place is a row and a user, so that each has to be sealed for itself.
    const owners = [];
    for (let index = 0; index < 12; index++) owners.push(await twoFactorUser(before));
    expect(await cleanUp(during)).toMatchObject({ renewed: owners.length + 1, sealedWithPrevious: 0 });
    await expectAsked(during, user);
  });
});

describe('a secret that cannot be opened, since its key is gone', () => {
  test('is our misconfiguration: 503 everywhere, and it costs no check', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const { before, after } = rotation();
    const user = await twoFactorUser(before);
    for (let index = 0; index < 2; index++) {
      const first = await challenge(after, user);
      const answer = await completeChallenge(after, first, { code: codeAt(user.secret) });
      expectRefused(answer, 503, 'misconfigured');
      expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0);
    }
    const bearer = user.accessToken;
    const proof = { code: codeAt(user.secret) };
    expectRefused(await reauthenticateBy(after, bearer, proof), 503, 'misconfigured');
    expectRefused(await disable(after, bearer, proof), 503, 'misconfigured');
    expect(await countedOf(after, user)).toBe(0);
    // A backup code needs no secret.
    const other = { backupCode: user.backupCodes[0] };
    expect((await completeChallenge(after, await challenge(after, user), other)).status).toBe(200);
    // And with its key all is well.
    await signInWithCode(before, user);
  });

  test('names the variable in the log, and says nothing of it in the answer', async () => {
    const { before, after } = rotation();
    const user = await twoFactorUser(before);
    const lines = recordLog();
    const answer = await completeChallenge(after, await challenge(after, user), {
      code: await freshCode(before, user),
    });
    expect(answer.text).not.toContain('AUTH_SECRET');
    expect(lines.filter((line) => line.includes('AUTH_SECRET_PREVIOUS'))).toHaveLength(1);
    for (const line of lines) expect(line).not.toContain(user.secret);
  });

  test('leaves earlier checks counted as they are', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const { before, after } = rotation();
    const user = await twoFactorUser(before);
    const wrong = { backupCode: 'AAAA-AAAA-AAAA-AAAA-AAAA-AAAA' };
    for (let index = 0; index < 3; index++)
      await completeChallenge(before, await challenge(before, user), wrong);
    const counted = await countedOf(before, user);
    expect(counted).toBe(6);
    const answer = await completeChallenge(after, await challenge(after, user), {
      code: codeAt(user.secret),
    });
    expectRefused(answer, 503, 'misconfigured');
    expect(await countedOf(before, user)).toBe(counted);
  });
});

describe('the clean-up of setups', () => {
  test('deletes those of which the first code did not come within an hour, and no other', async () => {
    const client = new TestClient({ EMAIL_VERIFICATION: 'off' });
    const user = await twoFactorUser(client);
    const [late, early] = [await verifiedUser(client), await verifiedUser(client)];
    await startSetup(client, late.accessToken);
    const { secret } = (await startSetup(client, early.accessToken)).json;
    await change(
      client,
      sql`UPDATE factors SET created_at = now() - interval '61 minutes' WHERE user_id <> ${early.userId}::uuid`,
    );
    const lines = recordLog();
    await runScheduled({ cron: '0 2 * * *' }, client.env);
    const entry = lines.map((line) => JSON.parse(line)).find(({ rows }) => rows === 'factors');
    expect(entry).toMatchObject({ event: 'clean_up_finished', deleted: 1 });
    expect((await enable(client, early.accessToken, codeAt(secret))).status).toBe(200);
    await signInWithCode(client, user);
  });
});
