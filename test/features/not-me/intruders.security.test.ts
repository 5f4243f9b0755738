import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshClient, otherPassword, registerUser } from '../../support/accounts.ts';
import { authCookies } from '../../support/client.ts';
import { tokenFrom } from '../../support/mailbox.ts';
import { landing } from '../../support/social.ts';
import {
  challenge,
  completeChallenge,
  freshCode,
  twoFactorUser,
  wrongCode,
} from '../../support/two-factor.ts';
import { reset } from '../password/password-reset.ts';
import { storedHash } from '../password/stored-accounts.ts';
import { arrive, enterBy, freshSubject, identitiesOf, linkTo, socialClient } from '../social/people.ts';
import {
  change,
  countEvents,
  databaseOf,
  endCheckWindows,
  missTimes,
  onDevice,
  reauthenticateBy,
  sessionByCode,
} from '../two-factor/calls.ts';

const client = socialClient();

describe('an identity that its owner has disowned', { timeout: 60_000 }, () => {
  test('gets no account by its address that nobody had verified, neither while it is recovered (LNK-15)', async () => {
    const registered = await registerUser(client);
    const { user } = registered.json;
    const { email } = registered;
    // The owner links a provider by hand; the address was never verified.
    const person = { sub: freshSubject(), email };
    expect(landing(await linkTo(client, 'github', person, authCookies(registered))).error).toBeNull();
    // The intruder has the account at the provider, not the mailbox.
    const intruder = await enterBy(client, 'github', person);
    expect(intruder.user.id).toBe(user.id);
    const token = await tokenFrom(client, email, 'new_device');
    expect((await client.post('/api/auth/not-me', { token })).status).toBe(200);
    expect(await identitiesOf(client, user.id)).toEqual([]);
    const again = await arrive(client, 'github', person);
    const me = await client.get('/api/auth/me', { cookies: authCookies(again) });
    expect({
      error: landing(again).error,
      id: me.json?.user?.id,
      recovery: me.json?.user?.recoveryRequired,
      ids: await identitiesOf(client, user.id),
    }).toEqual({
      error: 'account_exists',
      id: undefined,
      recovery: undefined,
      ids: [],
    });
  });
});

describe('fifty wrong codes on a browser that completed a second step before', { timeout: 120_000 }, () => {
  test('are forgotten by a completed second step on another: the usual checks are back, and the next fifty begin a recovery (OTP-14)', async () => {
    const user = await twoFactorUser(client);
    await missTimes(client, user, 50, onDevice(user));
    const link = await tokenFrom(client, user.email, 'password_withdrawn');
    expect((await reset(client, link)).status).toBe(200);
    // The owner signs in on another browser, by a code, and by a backup code.
    const first = await challenge(client, user, { password: otherPassword });
    const done = await completeChallenge(client, first, { code: await freshCode(client, user) });
    expect(done.status, done.text).toBe(200);
    const [backupCode] = user.backupCodes;
    const second = await challenge(client, user, { password: otherPassword });
    expect((await completeChallenge(client, second, { backupCode })).status).toBe(200);
    const rows = await databaseOf(client).query(
      sql`SELECT misses FROM second_factor_devices WHERE user_id = ${user.userId}::uuid AND misses > 0`,
    );
    const policies: unknown[] = [];
    await endCheckWindows(client, user);
    for (let i = 0; i < 2; i++) {
      const next = await challenge(client, user, { password: otherPassword });
      for (let j = 0; j < 3; j++) {
        const a = await completeChallenge(client, next, { code: wrongCode(user.secret) });
        policies.push(a.status);
      }
    }
    await missTimes(client, user, 44, {}, otherPassword).catch((e: unknown) =>
      policies.push(String(e).slice(0, 200)),
    );
    expect({ rows, policies, hash: await storedHash(user.userId) }).toEqual({
      rows: [],
      policies: [401, 401, 401, 401, 401, 401],
      hash: null,
    });
  });

  test('leave it one that completed a second step: a code from it ends the recovery (LNK-15)', async () => {
    const user = await twoFactorUser(client);
    const own = await sessionByCode(client, user, onDevice(user));
    await missTimes(client, user, 50, onDevice(user));
    await endCheckWindows(client, user);
    const answer = await reauthenticateBy(client, own.accessToken, { code: await freshCode(client, user) });
    const me = await client.get('/api/auth/me', { bearer: answer.json.accessToken });
    expect(me.json.user.recoveryRequired).toBe(false);
  });
});

describe('after fifty wrong codes', { timeout: 120_000 }, () => {
  test('wrong backup codes of one session write a bounded number of records (SES-20)', async () => {
    const user = await twoFactorUser(client);
    const { accessToken, sessionId } = await sessionByCode(client, user);
    await missTimes(client, user, 50);
    await change(
      client,
      sql`UPDATE sessions SET device_id = gen_random_uuid() WHERE id = ${sessionId}::uuid`,
    );
    const before = await countEvents(client, user, 'authn_login_fail');
    const statuses = new Map<number, number>();
    for (let index = 0; index < 14; index++) {
      const answer = await client.post(
        '/api/auth/reauthenticate',
        { backupCode: 'a'.repeat(24) },
        { bearer: accessToken, headers: freshClient() },
      );
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    }
    // Each is tried, and those of a window up to the limit are recorded.
    expect([...statuses]).toEqual([[401, 14]]);
    expect((await countEvents(client, user, 'authn_login_fail')) - before).toBe(10);
  });
});

test('a statement of the earlier system gives a disowned identity back to nobody', async () => {
  const registered = await registerUser(client);
  const id = registered.json.user.id as string;
  const person = { sub: freshSubject(), email: registered.email };
  await change(
    client,
    sql`UPDATE users SET oauth_provider = 'google', oauth_id = ${person.sub}, email_verified_at = now() WHERE id = ${id}::uuid`,
  );
  await enterBy(client, 'google', person);
  const token = await tokenFrom(client, registered.email, 'new_device');
  expect((await client.post('/api/auth/not-me', { token })).status).toBe(200);
  expect(await identitiesOf(client, id)).toEqual([]);
  await change(
    client,
    sql`UPDATE users SET oauth_provider = 'google', oauth_id = ${person.sub} WHERE id = ${id}::uuid`,
  );
  expect(await identitiesOf(client, id)).toEqual([]);
});

test('a browser that completed a second step before has its own codes after a reset on another one (LNK-15)', {
  timeout: 60_000,
}, async () => {
  const user = await twoFactorUser(client);
  await missTimes(client, user, 50);
  expect((await reset(client, await tokenFrom(client, user.email, 'password_withdrawn'))).status).toBe(200);
  await endCheckWindows(client, user);
  const withNew = { password: otherPassword };
  const first = await challenge(client, user, withNew);
  for (let i = 0; i < 5; i++) await completeChallenge(client, first, { code: wrongCode(user.secret) });
  const own = await challenge(client, user, withNew, { headers: onDevice(user).headers });
  const answer = await completeChallenge(
    client,
    own,
    { code: await freshCode(client, user) },
    { headers: onDevice(user).headers },
  );
  expect(answer.status, answer.text).toBe(200);
});
