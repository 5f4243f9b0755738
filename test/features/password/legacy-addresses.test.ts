import { describe, expect, test } from 'vitest';
import { hashPassword } from '../../../src/crypto/password-hash.ts';
import { sql } from '../../../src/db/sql.ts';
import { freshClient, password, registration } from '../../support/accounts.ts';
import { type Answer, cheapParameters, TestClient } from '../../support/client.ts';
import { openDatabase } from '../../support/database.ts';
import { mailsTo } from '../../support/mailbox.ts';
import { bcryptHash, storedHash } from './stored-accounts.ts';

const client = new TestClient({ LOGIN_ATTEMPTS_MAX: '3' });
const wrong = 'not the password';

/** An account with the address as the upgrade leaves it. */
async function storeLegacy(email: string, passwordHash = bcryptHash()): Promise<string> {
  const [row] = await openDatabase().query<{ id: string }>(sql`
    INSERT INTO users (email, name, password_hash, is_verification_exempt)
    VALUES (${email}, 'Earlier User', ${passwordHash}, true) RETURNING id`);
  return row!.id;
}

function guess(email: string, text = wrong): Promise<Answer> {
  return client.post('/api/auth/login', { email, password: text });
}

/** Part of an address, in lower case, that no other test uses. */
const unique = () => crypto.randomUUID().slice(0, 13);

describe('POST /api/auth/login with an address of the legacy system', () => {
  // What a spelling may be stored as, test/presented-email.test.ts tries.
  test.each<[what: string, stored: (id: string) => string, typed: (id: string) => string]>([
    [
      'such a one, typed in capitals',
      (id) => `${id}@b\u00fccher.example`,
      (id) => `${id}@B\u00dcCHER.Example`,
    ],
    ['a local part beyond ASCII', (id) => `j\u00f6rg-${id}@x.example`, (id) => ` J\u00d6RG-${id}@x.example `],
    [
      'letters in NFC, typed otherwise',
      (id) => `zo\u00eb-${id}@x.example`,
      (id) => `zoe\u0308-${id}@x.example`,
    ],
    ['a quoted local part', (id) => `"john \\ doe ${id}"@x.example`, (id) => `"John \\ Doe ${id}"@x.example`],
    ['braces, a comma and NULL', (id) => `{null,${id}}@localhost`, (id) => `{NULL,${id}}@localhost`],
  ])('signs in whoever has %s, in two round trips, and upgrades the hash', async (_what, stored, typed) => {
    const id = unique();
    const userId = await storeLegacy(stored(id));
    const answer = await guess(typed(id), password);
    expect(answer, answer.text).toMatchObject({ status: 200, roundTrips: 2 });
    expect(answer.json.user).toMatchObject({ id: userId, email: stored(id) });
    expect(await storedHash(userId)).toMatch(/^\$argon2id\$/);
    expect((await guess(typed(id), password)).status).toBe(200);
  });

  test('gives each of two accounts of one canonical form by its own spelling', async () => {
    const id = unique();
    const other = await storeLegacy(
      `${id}@b\u00fccher.example`,
      await hashPassword('the other password', cheapParameters),
    );
    const typed = `${id}@B\u00fccher.example`;
    expect((await guess(typed, 'the other password')).json.user.id).toBe(other);
    const canonical = await storeLegacy(`${id}@xn--bcher-kva.example`);
    expect((await guess(typed, 'the other password')).json.user.id).toBe(other);
    expect((await guess(typed, password)).json.code).toBe('invalid_credentials');
    expect((await guess(`${id}@xn--bcher-kva.example`, password)).json.user.id).toBe(canonical);
    await client.post('/api/auth/password/forgot', { email: typed }, { headers: freshClient() });
    expect((await mailsTo(client, `${id}@b\u00fccher.example`)).map(({ kind }) => kind)).toContain(
      'reset_password',
    );
  });

  test('is taken in its other spelling, though the account has no key yet (LNK-13)', async () => {
    const id = unique();
    const owner = await storeLegacy(
      `${id}@b\u00fccher.example`,
      await hashPassword('the other password', cheapParameters),
    );
    const stranger = await client.post('/api/auth/register', registration(`${id}@xn--bcher-kva.example`), {
      headers: freshClient(),
    });
    expect(stranger.json.code).toBe('email_taken');
    expect((await guess(`${id}@xn--bcher-kva.example`, 'the other password')).json.user.id).toBe(owner);
  });

  test('reaches no account of today by a letter that only folds to its own (T34)', async () => {
    const id = unique();
    await storeLegacy(`k${id}@x.example`);
    expect((await guess(`\u212a${id}@x.example`, password)).json.code).toBe('validation_failed');
    await storeLegacy(`i${id}@x.example`);
    expect((await guess(`\u0130${id}@x.example`, password)).json.code).toBe('invalid_credentials');
  });

  test('does the same for a wrong password as for an address that nobody has (ENU-01)', async () => {
    const [id, nobody] = [unique(), unique()];
    await storeLegacy(`${id}@b\u00fccher.example`, await hashPassword(password, cheapParameters));
    const [known, unknown] = [
      await guess(`${id}@b\u00fccher.example`),
      await guess(`${nobody}@b\u00fccher.example`),
    ];
    for (const answer of [known, unknown]) {
      expect(answer).toMatchObject({ status: 401, roundTrips: 2, hashes: 1, setCookies: [] });
    }
    const withoutId = ({ text, headers }: Answer) => text.replace(headers.get('X-Request-Id')!, '');
    expect(withoutId(known)).toBe(withoutId(unknown));
  });

  test.each<[what: string, stored: (id: string) => string | null]>([
    ['an account of today', (id) => `${id}@xn--bcher-kva.example`],
    ['an account with another spelling', (id) => `${id}@b\u00fccher.example`],
    ['nobody', () => null],
  ])('counts attempts at all spellings of one address together, at %s (ENU-06)', async (_what, stored) => {
    const id = unique();
    const email = stored(id);
    if (email !== null) await storeLegacy(email);
    const spellings = [
      `${id}@b\u00fccher.example`,
      `${id}@BU\u0308CHER.example`,
      `${id}@xn--bcher-kva.example`,
    ];
    for (const spelling of spellings) expect((await guess(spelling)).status, spelling).toBe(401);
    for (const spelling of spellings) expect((await guess(spelling, password)).status, spelling).toBe(429);
  });

  test('gives the attempts back with a login', async () => {
    const typed = `${unique()}@b\u00fccher.example`;
    await storeLegacy(typed);
    for (let round = 0; round < 3; round++) {
      expect((await guess(typed)).status).toBe(401);
      expect((await guess(typed)).status).toBe(401);
      expect((await guess(typed, password)).status).toBe(200);
    }
  });
});
