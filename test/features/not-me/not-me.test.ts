import { describe, expect, test, vi } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshEmail, logIn, otherPassword, password, registerUser } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { type Fault, faultyEndpoint, query } from '../../support/database.ts';
import { mailsTo, tokenFrom } from '../../support/mailbox.ts';
import { linkFor, reset } from '../password/password-reset.ts';
import { expectDead, recordsOf, signInAgain } from '../password/signed-in-owner.ts';
import { findSessions, storedHash } from '../password/stored-accounts.ts';
import { signIn } from '../sessions/session-fixtures.ts';

// Without the mail of the registration, which is tested elsewhere.
const client = new TestClient({ EMAIL_VERIFICATION: 'off' });
const reportNotMe = (token: string, by = client) => by.post('/api/auth/not-me', { token });

/** An account that somebody has signed in to on a new device. */
async function intrusion() {
  const owner = await signIn(client);
  const intruder = await signInAgain(client, owner.email);
  return { owner, intruder, token: await tokenFrom(client, owner.email, 'new_device') };
}

function expectInvalid(answer: Answer): void {
  expect([answer.status, answer.json.code], answer.text).toEqual([400, 'token_invalid']);
}

const kindsTo = async (email: string) => (await mailsTo(client, email)).map(({ kind }) => kind);

describe('a login on a device that the account does not know', () => {
  test('is told to the owner by one mail, in two round trips as ever', async () => {
    const { email, json } = await registerUser(client);
    expect(await mailsTo(client, email)).toEqual([]);
    const answer = await logIn(client, email);
    expect(answer.roundTrips).toBe(2);
    expect(await mailsTo(client, email)).toMatchObject([
      { kind: 'new_device', user_id: json.user.id, outcome: null },
    ]);
  });

  test('is not reported once the device is known, and again once all devices are forgotten', async () => {
    const { email, json, headers } = await registerUser(client);
    const device = { 'X-Device-Token': headers.get('X-Device-Token')! };
    const login = () => client.post('/api/auth/login', { email, password }, { headers: device });
    await login();
    expect(await kindsTo(email)).toEqual([]);
    await query(
      sql`UPDATE users SET device_generation = device_generation + 1 WHERE id = ${json.user.id}::uuid`,
    );
    await login();
    expect(await kindsTo(email)).toEqual(['new_device']);
  });

  test('is told at most five times an hour; each login succeeds (EML-10)', async () => {
    const { email } = await registerUser(client);
    for (let index = 0; index < 7; index++) await logIn(client, email);
    expect(await kindsTo(email)).toEqual(Array(5).fill('new_device'));
  });

  test('is told at the stored spelling (EML-03)', async () => {
    const { email } = await registerUser(client);
    const answer = await client.post('/api/auth/login', { email: ` ${email.toUpperCase()} `, password });
    expect(answer.status).toBe(200);
    expect(await kindsTo(email)).toEqual(['new_device']);
  });

  test('that fails tells nobody', async () => {
    const { email } = await registerUser(client);
    await client.post('/api/auth/login', { email, password: 'wrong' });
    expect(await kindsTo(email)).toEqual([]);
  });

  test('whose answer is lost is told once (DBF-10)', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const { email } = await registerUser(client);
    const { endpoint } = await faultyEndpoint(['pass', 'commit-then-drop']);
    const answer = await logIn(new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint }), email);
    expect(answer.roundTrips).toBe(3);
    expect(await kindsTo(email)).toEqual(['new_device']);
  });
});

// What it closes besides the sessions, test/contract/closing-table.test.ts looks at.
describe('POST /api/auth/not-me', () => {
  test('ends every session, takes the password away and mails a link for a new one, in two round trips', async () => {
    const { owner, intruder, token } = await intrusion();
    const answer = await reportNotMe(token);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2, hashes: 0, setCookies: [] });
    expect(answer.headers.has('X-Device-Token')).toBe(false);
    for (const session of [owner, intruder]) await expectDead(client, { ...owner, ...session });
    expect(await storedHash(owner.userId)).toBeNull();
    const login = await client.post('/api/auth/login', { email: owner.email, password });
    expect([login.status, login.json.code]).toEqual([401, 'invalid_credentials']);

    expect(await kindsTo(owner.email)).toEqual(['new_device', 'reset_password']);
    expect((await reset(client, await tokenFrom(client, owner.email, 'reset_password'))).status).toBe(200);
    await logIn(client, owner.email, { password: otherPassword });
  });

  test('works once', async () => {
    const { owner, token } = await intrusion();
    await reportNotMe(token);
    expectInvalid(await reportNotMe(token));
    expect((await kindsTo(owner.email)).filter((kind) => kind === 'reset_password')).toHaveLength(1);
  });

  test('refuses the link of an old mail once the password was reset, and not before (LNK-19)', async () => {
    const { owner, token: first } = await intrusion();
    await signInAgain(client, owner.email);
    const second = await tokenFrom(client, owner.email, 'new_device');
    expect((await reportNotMe(second)).status).toBe(200);
    expect((await reset(client, await tokenFrom(client, owner.email, 'reset_password'))).status).toBe(200);
    expectInvalid(await reportNotMe(first));

    await logIn(client, owner.email, { password: otherPassword });
    const third = await tokenFrom(client, owner.email, 'new_device');
    expect(third).not.toBe(second);
    expect((await reset(client, await linkFor(client, owner.email), password)).status).toBe(200);
    expectInvalid(await reportNotMe(third));
    // It took nothing: the password that was set last signs in.
    await logIn(client, owner.email);
  });

  test('forgets every device, and records what was done and what ended', async () => {
    const { owner, token } = await intrusion();
    const generation = () => query(sql`SELECT device_generation FROM users WHERE id = ${owner.userId}::uuid`);
    const [before] = await generation();
    const answer = await reportNotMe(token);
    const { device_generation } = before as { device_generation: number };
    expect(await generation()).toEqual([{ device_generation: device_generation + 1 }]);
    const request = answer.headers.get('X-Request-Id');
    const records = (await recordsOf(owner.userId)).filter(({ request_id }) => request_id === request);
    expect(records.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'authn_token_created password_reset',
      'authn_token_revoked not_me',
      'authn_token_revoked not_me',
      'user_updated not_me',
    ]);
  });

  test('works for an account that the intruder gave another address, and mails the one that it has', async () => {
    const { owner, token } = await intrusion();
    const moved = freshEmail();
    await query(sql`UPDATE users SET email = ${moved} WHERE id = ${owner.userId}::uuid`);
    expect((await reportNotMe(token)).status).toBe(200);
    expect(await kindsTo(moved)).toEqual(['reset_password']);
    expect((await reset(client, await tokenFrom(client, moved, 'reset_password'))).status).toBe(200);
  });

  test.each<[what: string, end: (id: string) => ReturnType<typeof sql>]>([
    ['is gone', (id) => sql`DELETE FROM users WHERE id = ${id}::uuid`],
    ['is banned', (id) => sql`UPDATE users SET banned_at = now() WHERE id = ${id}::uuid`],
    [
      'waited too long',
      (id) => sql`UPDATE one_time_tokens SET expires_at = now() WHERE owner_id = ${id}::uuid`,
    ],
  ])('refuses the link of an account that %s (PRV-04)', async (_what, end) => {
    const { owner, token } = await intrusion();
    await query(end(owner.userId));
    expectInvalid(await reportNotMe(token));
    expect(await kindsTo(owner.email)).toEqual(['new_device']);
  });

  test.each<[faults: Fault[], status: number, trips: number]>([
    [['commit-then-drop'], 200, 3],
    [['pass', 'commit-then-drop'], 200, 3],
    [['pass', 'commit-then-drop', 'commit-then-drop'], 503, 3],
  ])(
    'whose answers are lost (%j) has happened once, with one mail (DBF-10)',
    async (faults, status, trips) => {
      vi.spyOn(console, 'error').mockImplementation(() => undefined);
      const { owner, token } = await intrusion();
      const { endpoint } = await faultyEndpoint(faults);
      const answer = await reportNotMe(token, new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint }));
      expect(answer, answer.text).toMatchObject({ status, roundTrips: trips });
      expect(await kindsTo(owner.email)).toEqual(['new_device', 'reset_password']);
      expect(await findSessions(owner.userId)).toEqual([]);
      const records = (await recordsOf(owner.userId)).filter(({ type }) => type === 'user_updated');
      expect(records).toHaveLength(1);
    },
  );
});
