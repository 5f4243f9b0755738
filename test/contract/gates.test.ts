import { describe, expect, test } from 'vitest';
import { createApp, features } from '../../src/app.ts';
import { sql } from '../../src/db/sql.ts';
import { defineErrors } from '../../src/errors.ts';
import { loadRulesOf } from '../../src/feature.ts';
import type { Gate } from '../../src/joints/gate.ts';
import { password } from '../support/accounts.ts';
import { type Answer, serveWith, TestClient } from '../support/client.ts';
import { query } from '../support/database.ts';
import { providerVariables } from '../support/social.ts';
import { codeAt } from '../support/two-factor.ts';
import { databaseState } from './database-state.ts';
import { codeIn, documentedRoutes } from './documents.ts';
import { expectProblem } from './expect-problem.ts';
import { insertAccount, insertAccountFor } from './insert-account.ts';
import { isFull, named } from './route-choice.ts';
import {
  type Account,
  type Caller,
  type CallerKind,
  callerKinds,
  callerOf,
  exampleCall,
  exampleOf,
} from './route-table.ts';
import type { TwoFactorAccount } from './two-factor-account.ts';

/** What its account's owner alone may do, as clients are told (SES-15). */
const ownersOwn = documentedRoutes
  .filter(({ answers }) => codeIn(answers).includes('reauthentication_required'))
  .map(({ route }) => route);

// Without them no provider lets anybody in, and the last way in is not removed.
serveWith('/api/auth/identities/:provider', providerVariables());

const sensitiveRoutes = createApp()
  .serves.filter(({ isSensitive }) => isSensitive)
  .map(({ method, path }) => `${method} ${path}`);

const { terms_not_accepted } = defineErrors({
  terms_not_accepted: { status: 403, title: 'The terms must be accepted first.' },
});

/** A gate as a further feature brings it, which nobody passes. */
const closedGate: Gate = {
  name: 'closed_gate',
  condition: () => sql`false /* planted */`,
  refuse: () => terms_not_accepted(),
};

/**
 * The sessions of an account with two-factor that are not at its highest factor: what has to be done with its session, or to
 * get another one.
 */
const lowSessions: readonly [what: string, lower: (account: TwoFactorAccount) => Promise<Caller>][] = [
  [
    'from before it was turned on',
    async (account) => {
      await query(sql`
        UPDATE sessions SET amr = '{pwd}', second_factor_at = NULL WHERE user_id = ${account.userId}::uuid`);
      return account;
    },
  ],
  [
    'by a trusted device',
    async (account) => {
      const { email, trustedDeviceToken } = account;
      const { json } = await client.post('/api/auth/login', { email, password, trustedDeviceToken });
      expect(json.accessToken).toBeDefined();
      return { ...account, accessToken: json.accessToken, refreshToken: json.refreshToken };
    },
  ],
  [
    'that passed it more than ten minutes ago',
    async (account) => {
      await query(sql`
        UPDATE sessions SET second_factor_at = now() - interval '601 seconds' WHERE user_id = ${account.userId}::uuid`);
      return account;
    },
  ],
  [
    'that passed an earlier one, which was replaced',
    async (account) => {
      await query(sql`
        UPDATE sessions SET second_factor_at = now() - interval '2 minutes' WHERE user_id = ${account.userId}::uuid`);
      await query(sql`
        UPDATE users SET two_factor_since = now() - interval '1 minute' WHERE id = ${account.userId}::uuid`);
      return account;
    },
  ],
];

const client = new TestClient();
const gated = new TestClient({}, { features: [{ loadRules: async () => ({ gates: [closedGate] }) }] });

/** The example of a route, with a later authentication's access token if there is one. */
function call(by: TestClient, key: string, account: Account) {
  return by.call(...exampleCall(key, account));
}

/** The example of a route without the current password. */
function callWithoutPassword(by: TestClient, key: string, account: Account) {
  const [method, path, options] = exampleCall(key, account);
  const body = { ...(options.body as Record<string, unknown> | undefined) };
  for (const member of Object.keys(body)) if (body[member] === password) delete body[member];
  return by.call(method, path, { ...options, ...(options.body !== undefined && { body }) });
}

/** The account with one caller for all routes, whichever they are by otherwise. */
function calledBy(account: Account, { email, userId, accessToken, refreshToken, cookies }: Caller): Account {
  const caller = { email, userId, accessToken, refreshToken, cookies };
  const others = Object.entries(account).filter(([name]) => callerKinds.includes(name as CallerKind));
  return {
    ...{ ...account, ...caller },
    ...Object.fromEntries(others.map(([kind, other]) => [kind, { ...other, ...caller }])),
  };
}

/** Lets the caller have shown who they are so many seconds ago, by the second factor as well where they have one. */
function proveOwner({ userId }: Caller, secondsAgo: number): Promise<unknown> {
  return query(sql`
    UPDATE sessions SET authenticated_at = now() - make_interval(secs => ${secondsAgo}::int),
      second_factor_at = CASE WHEN second_factor_at IS NOT NULL THEN now() - make_interval(secs => ${secondsAgo}::int) END
    WHERE user_id = ${userId}::uuid`);
}

/** Lets the caller have had two-factor for long. */
function ageTwoFactor({ userId }: Caller): Promise<unknown> {
  return query(sql`
    UPDATE users SET two_factor_since = two_factor_since - interval '1 day' WHERE id = ${userId}::uuid`);
}

/** Lets the caller sign in by two providers, of which one can be removed. */
function linkProviders({ userId }: Caller): Promise<unknown> {
  return query(sql`
    INSERT INTO identities (user_id, provider, issuer, subject)
    SELECT ${userId}::uuid, p.name, p.name, ${userId} FROM (VALUES ('google'), ('microsoft')) AS p (name)`);
}

function dropPassword({ userId }: Caller): Promise<unknown> {
  return query(sql`UPDATE users SET password_hash = NULL WHERE id = ${userId}::uuid`);
}

/** Whether the example says the current password, which is an authentication of its own. */
function saysPassword(key: string, account: Account): boolean {
  const [, , { body = {} }] = exampleCall(key, account);
  return Object.values(body as object).includes(password);
}

/** Authenticates the caller of a route again, by the strongest that they have. */
async function reauthenticate(key: string, account: Account): Promise<Account> {
  const caller = callerOf(key, account);
  const proof =
    exampleOf(key).by === 'twoFactor' ? { backupCode: account.twoFactor.backupCodes[0] } : { password };
  const answer = await reauthenticateBy(caller, proof);
  return calledBy(account, { ...caller, accessToken: answer.json.accessToken });
}

async function reauthenticateBy({ accessToken: bearer }: Caller, proof: Readonly<Record<string, unknown>>) {
  const answer = await client.post('/api/auth/reauthenticate', proof, { bearer });
  expect(answer.status, answer.text).toBe(200);
  return answer;
}

function expectNotRecent(answer: Answer, methods: readonly string[]): void {
  expectProblem(answer, 403, 'reauthentication_required');
  expect(answer.json.methods).toEqual(methods);
  expect(answer).toMatchObject({ roundTrips: 1, hashes: 0, setCookies: [] });
}

/** A refusal is looked up by the name of its gate: of two that have it, the second would answer what the first does. */
function namesTwice(gates: readonly Gate[]): string[] {
  const names = gates.map(({ name }) => name);
  return names.filter((name, index) => names.indexOf(name) !== index);
}

test('every gate has a name of its own, in snake_case', async () => {
  const gates = [...(await loadRulesOf(features)).gates, closedGate];
  expect(gates.length).toBeGreaterThan(1);
  expect(namesTwice(gates)).toEqual([]);
  expect(namesTwice([...gates, closedGate])).toEqual(['closed_gate']);
  expect(gates.filter(({ name }) => !/^[a-z]+(?:_[a-z]+)*$/.test(name))).toEqual([]);
});

describe('the sensitive routes', () => {
  test('are those that docs/api.md answers with reauthentication_required (SES-15)', () => {
    expect(sensitiveRoutes.toSorted()).toEqual(ownersOwn.toSorted());
  });

  test('are for somebody who is signed in, each of them', () => {
    const guards = createApp().serves.filter(({ isSensitive }) => isSensitive);
    expect(guards.filter(({ guard }) => guard !== 'session')).toEqual([]);
  });
});

/** Of the sensitive routes: one with the current password, and one without. */
const triedInFull = ['DELETE /api/auth/me', 'POST /api/auth/two-factor/backup-codes'];

test('the gates are tried in full on sensitive routes', () => {
  expect(triedInFull.filter((key) => !sensitiveRoutes.includes(key))).toEqual([]);
});

describe.each(sensitiveRoutes)('%s', (key) => {
  test('answers what a further gate refuses, changes nothing, counts nothing, mails nobody and hashes nothing (SES-15)', async () => {
    const account = await insertAccountFor(client, key);
    const before = await databaseState();
    for (let attempt = 1; attempt <= 2; attempt++) {
      const answer = await call(gated, key, account);
      expectProblem(answer, 403, 'terms_not_accepted');
      expect(answer).toMatchObject({ roundTrips: 1, hashes: 0, setCookies: [] });
    }
    expect(await databaseState()).toBe(before);
    // The same session passes where the gate is not there, with all its attempts.
    const answer = await call(client, key, account);
    expect(answer.status, answer.text).toBe(exampleOf(key).status);
  });

  test('is closed while the account is being recovered, whatever was proved, and open when that is over (LNK-15)', async () => {
    const account = await insertAccountFor(client, key);
    const { userId } = callerOf(key, account);
    await query(
      sql`UPDATE users SET recovery_since = now(), recovery_cause = 'not_me' WHERE id = ${userId}::uuid`,
    );
    const before = await databaseState();
    for (const ask of [call, callWithoutPassword]) {
      const answer = await ask(client, key, account);
      expectProblem(answer, 403, 'recovery_required');
      expect(answer).toMatchObject({ roundTrips: 1, hashes: 0, setCookies: [] });
    }
    expect(await databaseState()).toBe(before);
    await query(
      sql`UPDATE users SET recovery_since = NULL, recovery_cause = NULL WHERE id = ${userId}::uuid`,
    );
    const answer = await call(client, key, account);
    expect(answer.status, answer.text).toBe(exampleOf(key).status);
  });

  test('asks the first gate first, and 401 comes before all of them (SES-15)', async () => {
    const account = await insertAccountFor(client, key);
    if (!saysPassword(key, account)) {
      await ageTwoFactor(callerOf(key, account));
      await proveOwner(callerOf(key, account), 601);
      expectProblem(await call(gated, key, account), 403, 'reauthentication_required');
    }
    await query(sql`DELETE FROM sessions WHERE user_id = ${callerOf(key, account).userId}::uuid`);
    expectProblem(await call(gated, key, account), 401, 'unauthenticated');
  });

  test('needs an authentication of the last ten minutes, or the current password (SES-15)', async () => {
    const account = await insertAccountFor(client, key);
    await ageTwoFactor(callerOf(key, account));
    await proveOwner(callerOf(key, account), 601);
    if (saysPassword(key, account)) {
      expect((await call(client, key, account)).status).toBe(exampleOf(key).status);
      return;
    }
    const before = await databaseState();
    expectProblem(await call(client, key, account), 403, 'reauthentication_required');
    expect(await databaseState()).toBe(before);
    const answer = await call(client, key, await reauthenticate(key, account));
    expect(answer.status, answer.text).toBe(exampleOf(key).status);
  });

  test('without a password takes the authentication of the last ten minutes alone (SES-15)', async () => {
    const account = await insertAccountFor(client, key);
    const caller = callerOf(key, account);
    await dropPassword(caller);
    await ageTwoFactor(callerOf(key, account));
    await proveOwner(caller, 601);
    const before = await databaseState();
    expectProblem(await callWithoutPassword(client, key, account), 403, 'reauthentication_required');
    expect(await databaseState()).toBe(before);
    await proveOwner(caller, 590);
    expect((await callWithoutPassword(client, key, account)).status).toBe(exampleOf(key).status);
  });

  test('names what would do on an account without a second factor: its password, a code by mail where it has none, or nothing (SES-19)', async () => {
    const plain = await insertAccountFor(client, key);
    const account = calledBy(plain, plain);
    await proveOwner(account, 601);
    if (!saysPassword(key, account)) expectNotRecent(await call(client, key, account), ['password']);
    await dropPassword(account);
    expectNotRecent(await callWithoutPassword(client, key, account), []);
    await query(sql`UPDATE users SET email_verified_at = now() WHERE id = ${account.userId}::uuid`);
    expectNotRecent(await callWithoutPassword(client, key, account), ['email_code']);
  });

  const isFullyTried = isFull || triedInFull.includes(key);
  test.each(isFullyTried ? lowSessions : named(lowSessions, ['by a trusted device']))(
    'on an account with a second factor is closed to a session %s, whatever password it says (SES-19)',
    async (_what, lower) => {
      const inserted = await insertAccount(client, (read) => [exampleCall(key, read), read.twoFactor]);
      await ageTwoFactor(inserted.twoFactor);
      const account = calledBy(inserted, await lower(inserted.twoFactor));
      await linkProviders(account);
      const before = await databaseState();
      expectNotRecent(await call(client, key, account), ['totp', 'backup_code']);
      expect(await databaseState()).toBe(before);

      const byPassword = await reauthenticateBy(account, { password });
      const again = calledBy(account, { ...account, accessToken: byPassword.json.accessToken });
      expectNotRecent(await call(client, key, again), ['totp', 'backup_code']);

      await query(sql`
        UPDATE backup_codes SET used_at = now(), used_by = gen_random_uuid() WHERE user_id = ${account.userId}::uuid`);
      expectNotRecent(await call(client, key, again), ['totp']);

      const byCode = await reauthenticateBy(again, { code: codeAt(account.twoFactor.secret) });
      const recent = calledBy(account, { ...account, accessToken: byCode.json.accessToken });
      // The example may show the same code again.
      await query(sql`UPDATE factors SET last_step = NULL WHERE user_id = ${account.userId}::uuid`);
      const answer = await call(client, key, recent);
      expect(answer.status, answer.text).toBe(exampleOf(key).status);
    },
  );
});
