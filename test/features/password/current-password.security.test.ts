import { describe, expect, test } from 'vitest';
import { addressOf } from '../../../src/address/address-key.ts';
import { createApp } from '../../../src/app.ts';
import { sql } from '../../../src/db/sql.ts';
import { defineErrors } from '../../../src/errors.ts';
import { encodeDeviceToken } from '../../../src/features/known-devices/device-token.ts';
import type { Gate } from '../../../src/joints/gate.ts';
import { insertAccount } from '../../contract/insert-account.ts';
import { recordLog } from '../../contract/recorded-log.ts';
import { bodyRoutes, fullBody } from '../../contract/route-table.ts';
import { password } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { query } from '../../support/database.ts';
import { keyringOf, type SignedIn, sessionRow, signIn } from '../sessions/session-fixtures.ts';
import {
  changePassword,
  ownersRoutes,
  prove,
  reauthenticate,
  recordsOf,
  signInWithoutPassword,
} from './signed-in-owner.ts';

const max = 2;
const client = new TestClient({ LOGIN_ATTEMPTS_MAX: String(max) });
const wide = new TestClient();
const routes = Object.keys(ownersRoutes);

interface Owner extends SignedIn {
  readonly device: { readonly 'X-Device-Token': string };
}

/** A fresh user with the device that they are on. */
async function register(): Promise<Owner> {
  const signedIn = await signIn(client);
  const id = String((await sessionRow(signedIn.sessionId))?.device_id);
  const accounts = [{ userId: signedIn.userId, generation: 0 }];
  const device = { 'X-Device-Token': encodeDeviceToken(keyringOf(client), { id, accounts }) };
  return { ...signedIn, device };
}

function logIn(
  { email }: Owner,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return client.post('/api/auth/login', { email, password: text }, { headers });
}

async function failAttempts(key: string, owner: SignedIn, attempts = max): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const answer = await prove(client, key, owner, 'wrong');
    expect([answer.status, answer.json.code]).toEqual([403, 'invalid_credentials']);
  }
}

function expectLocked(answer: Answer): void {
  expect(answer).toMatchObject({ status: 429, roundTrips: 1, hashes: 0, setCookies: [] });
  expect(answer.json.code).toBe('too_many_attempts');
}

test('every route that takes the current password of a session is tried here (LIM-11)', async () => {
  const guarded = createApp().serves.filter(({ guard }) => guard === 'session');
  const keys = guarded
    .map(({ method, path }) => `${method} ${path}`)
    .filter((key) => bodyRoutes.includes(key));
  const account = await insertAccount(client);
  const asking = keys.filter((key) =>
    Object.keys(fullBody(key, account)).some((member) => ['password', 'currentPassword'].includes(member)),
  );
  expect(asking.toSorted()).toEqual(routes.toSorted());
});

describe.each(routes)('wrong passwords at %s', (key) => {
  test('lock it, every other of its kind and the login on the device, right password or not (LIM-11)', async () => {
    const owner = await register();
    await failAttempts(key, owner);
    expectLocked(await prove(client, key, owner, 'wrong'));
    for (const other of routes) expectLocked(await prove(client, other, owner));
    expectLocked(await logIn(owner, password, owner.device));
  });

  test('lock nobody elsewhere: a login on an untrusted device has its own attempts (LIM-02)', async () => {
    const owner = await register();
    await failAttempts(key, owner);
    expect((await logIn(owner, password)).status).toBe(200);
  });

  test('of a burst are hashed as often as the limit says (LIM-03)', async () => {
    const owner = await register();
    const burst = await Promise.all(Array.from({ length: 12 }, () => prove(client, key, owner, 'wrong')));
    expect(burst.filter(({ status }) => status === 403)).toHaveLength(max);
    expect(burst.reduce((sum, { hashes }) => sum + hashes, 0)).toBe(max);
  });

  test('are recorded as a lock too, by the last attempt alone (LOG-04)', async () => {
    const owner = await register();
    await failAttempts(key, owner);
    expectLocked(await prove(client, key, owner));
    const types = (await recordsOf(owner.userId)).map(({ type }) => type);
    const failure = key.includes('change') ? 'authn_password_change_fail' : 'authn_login_fail';
    expect(types.toSorted()).toEqual(['user_created', failure, failure, 'authn_login_lock'].toSorted());
  });

  test('are forgotten after a right one, of the device alone (LIM-10)', async () => {
    if (key.startsWith('DELETE')) return; // and the account with it
    const owner = await register();
    await logIn(owner, 'wrong');
    await failAttempts(key, owner, max - 1);
    const { json } = await prove(client, key, owner);
    const [subject] = addressOf(keyringOf(client), owner.email).keys;
    const buckets = await query<{ bucket: string; count: number }>(
      sql`SELECT t.bucket, t.count FROM login_attempts t WHERE t.bucket LIKE ${`${subject}:%`}`,
    );
    expect(buckets).toEqual([{ bucket: `${subject}:world`, count: 1 }]);
    await failAttempts('POST /api/auth/reauthenticate', json);
  });
});

describe('a live session', () => {
  test('is not locked out by whoever guesses from elsewhere (LIM-02, LIM-11)', async () => {
    const owner = await register();
    for (let attempt = 0; attempt < max; attempt++) await logIn(owner, 'wrong');
    expect((await logIn(owner, password)).status).toBe(429);
    expect((await reauthenticate(client, owner)).status).toBe(200);
  });

  test('is locked by wrong logins on its own device (LIM-11)', async () => {
    const owner = await register();
    for (let attempt = 0; attempt < max; attempt++) await logIn(owner, 'wrong', owner.device);
    for (const key of routes) expectLocked(await prove(client, key, owner));
  });

  test('that was opened before devices were known is a device of its own: guesses elsewhere lock nobody out (LIM-02)', async () => {
    const owner = await register();
    await query(sql`UPDATE sessions SET device_id = NULL WHERE id = ${owner.sessionId}::uuid`);
    for (let guess = 0; guess < max; guess++) await logIn(owner, 'not the password');
    expect((await logIn(owner, password)).status).toBe(429);
    const answer = await reauthenticate(client, owner);
    expect(answer.status).toBe(200);
    await failAttempts('POST /api/auth/reauthenticate', answer.json);
    expectLocked(await reauthenticate(client, answer.json));
  });

  test('keeps its device, and its attempts with it, under its new id', async () => {
    const owner = await register();
    const { json } = await reauthenticate(client, owner);
    await failAttempts('POST /api/auth/reauthenticate', json);
    expectLocked(await logIn(owner, password, owner.device));
  });
});

describe.each(routes)('%s', (key) => {
  const withoutId = ({ text, json }: Answer) => text.replace(json.requestId, '');

  test('refuses a wrong password, none where there is one, and one where there is none by the same bytes (ENU-12)', async () => {
    const answers = [
      await prove(wide, key, await register(), 'wrong'),
      await prove(wide, key, await signInWithoutPassword(wide, 5)),
    ];
    if (key !== 'POST /api/auth/reauthenticate') {
      const [path, body] = ownersRoutes[key]!(undefined);
      const { accessToken: bearer } = await register();
      answers.push(await wide.call(key.split(' ')[0]!, path, { bearer, body }));
    }
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 403, roundTrips: 2, setCookies: [] });
      expect(answer.headers.has('WWW-Authenticate')).toBe(false);
    }
    expect(new Set(answers.map(withoutId)).size).toBe(1);
    expect(new Set(answers.map(({ headers }) => [...headers.keys()].join())).size).toBe(1);
  });

  test('of somebody else opens nothing: the password is compared with that of the caller alone', async () => {
    const [mine, theirs] = [await register(), await register()];
    const changed = await changePassword(client, theirs, { newPassword: 'only theirs, on a canal' });
    expect(changed.status).toBe(200);
    const answer = await prove(client, key, mine, 'only theirs, on a canal');
    expect(answer.json.code).toBe('invalid_credentials');
  });

  test('reports a stored hash that is none, and refuses (HSH-05)', async () => {
    const lines = recordLog();
    const owner = await register();
    await query(sql`UPDATE users SET password_hash = '$2x$10$canary' WHERE id = ${owner.userId}::uuid`);
    expect((await prove(client, key, owner)).status).toBe(403);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'error', event: 'stored_password_hash_malformed', userId: owner.userId },
    ]);
    expect(lines.join()).not.toContain('canary');
  });

  test('answers and records neither password, hash nor token (LOG-01, PRV-07)', async () => {
    const lines = recordLog();
    const owner = await register();
    const answers = [await prove(client, key, owner, 'canary password'), await prove(client, key, owner)];
    const records = await query(
      sql`SELECT e.* FROM security_events e WHERE e.user_id = ${owner.userId}::uuid`,
    );
    const texts = JSON.stringify([answers.map(({ text }) => text), records, lines]);
    expect(texts).not.toMatch(/canary|argon2|heron|battery/);
    expect(texts).not.toContain(owner.accessToken);
    expect(lines).toEqual([]);
  });
});

// What it refuses, test/contract/gates.test.ts tries on every route that it is for.
describe('a gate that refuses', () => {
  const errors = defineErrors({ terms_not_accepted: { status: 403, title: 'Accept the terms first.' } });
  const gate: Gate = {
    name: 'terms',
    condition: () => sql`false /* planted */`,
    refuse: () => errors.terms_not_accepted(),
  };
  const gated = new TestClient(
    { LOGIN_ATTEMPTS_MAX: String(max) },
    { features: [{ loadRules: async () => ({ gates: [gate] }) }] },
  );

  test('lets somebody authenticate again', async () => {
    expect((await reauthenticate(gated, await register())).status).toBe(200);
  });
});
