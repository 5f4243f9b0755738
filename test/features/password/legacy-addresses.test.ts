import { describe, expect, test } from 'vitest';
import { addressOf } from '../../../src/address/address-key.ts';
import { hashPassword } from '../../../src/crypto/password-hash.ts';
import { sql } from '../../../src/db/sql.ts';
import { freshClient, freshEmail, password, registration } from '../../support/accounts.ts';
import { type Answer, cheapParameters, TestClient } from '../../support/client.ts';
import { query } from '../../support/database.ts';
import { mailsTo } from '../../support/mailbox.ts';
import { keyringOf } from '../sessions/session-fixtures.ts';
import { deleteAccount } from './signed-in-owner.ts';
import { bcryptHash, storedHash } from './stored-accounts.ts';

const max = 3;
const client = new TestClient({ LOGIN_ATTEMPTS_MAX: String(max), EMAIL_VERIFICATION: 'off' });
const wrong = 'not the password';

/** An account with the address as the upgrade leaves it. */
async function storeLegacy(email: string, passwordHash = bcryptHash()): Promise<string> {
  const [row] = await query<{ id: string }>(sql`
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

interface Earlier {
  readonly id: string;
  /** With the domain in letters, as the earlier system stored it. */
  readonly email: string;
  /** The same address as it is stored today. */
  readonly twin: string;
}

async function storeEarlier(passwordHash?: string): Promise<Earlier> {
  const name = unique();
  const email = `${name}@b\u00fccher.example`;
  return { id: await storeLegacy(email, passwordHash), email, twin: `${name}@xn--bcher-kva.example` };
}

function register(email: string): Promise<Answer> {
  return client.post('/api/auth/register', registration(email), { headers: freshClient() });
}

/** An account of today with the other spelling, which no way leads to by now. */
async function registerTwin({ twin }: Earlier) {
  const { json } = await register(freshEmail());
  await query(sql`UPDATE users SET email = ${twin} WHERE id = ${json.user.id}::uuid`);
  return json;
}

async function lock(email: string): Promise<void> {
  for (const _ of Array(max)) expect((await guess(email)).status).toBe(401);
  expect((await guess(email, password)).status).toBe(429);
}

/** How many mails about a lock went to the address as it is stored. */
async function lockMailsTo({ email }: Earlier): Promise<number> {
  return (await mailsTo(client, email)).filter(({ kind }) => kind === 'account_locked').length;
}

async function keyOf({ id }: Earlier): Promise<string | null> {
  const [row] = await query<{ address_key: string | null }>(
    sql`SELECT address_key FROM users WHERE id = ${id}::uuid`,
  );
  return row!.address_key;
}

describe('an account of the earlier system with a domain in letters', () => {
  test('is told of a lock, in whichever spelling a stranger locked it (LIM-13)', async () => {
    const earlier = await storeEarlier();
    await lock(earlier.twin);
    expect(await lockMailsTo(earlier)).toBe(1);
    expect((await guess(earlier.email, password)).status).toBe(429);
    expect(await lockMailsTo(earlier)).toBe(1);
  });

  test('stays locked, whatever is registered and deleted in its other spelling (LIM-14)', async () => {
    const earlier = await storeEarlier();
    await lock(earlier.email);
    expect((await register(earlier.twin)).json.code).toBe('email_taken');
    expect((await guess(earlier.twin, password)).status).toBe(429);
    // One that was there before, by whatever way, takes no attempts with it.
    const json = await registerTwin(earlier);
    expect((await deleteAccount(client, json, password)).status).toBe(200);
    expect((await guess(earlier.email, password)).status).toBe(429);
  });

  test('is not shadowed by an account in its other spelling', async () => {
    const own = 'the other password';
    const earlier = await storeEarlier(await hashPassword(own, cheapParameters));
    expect((await guess(earlier.twin, own)).json.user.id).toBe(earlier.id);
    const json = await registerTwin(earlier);
    for (const typed of [earlier.email, earlier.twin])
      expect((await guess(typed, own)).json.user.id).toBe(earlier.id);
    // Each by its own spelling, once both have a claim to the address.
    await query(sql`UPDATE users SET email_verified_at = now() WHERE id = ${json.user.id}::uuid`);
    expect((await guess(earlier.email, own)).json.user.id).toBe(earlier.id);
    expect((await guess(earlier.email, password)).json.code).toBe('invalid_credentials');
    expect((await guess(earlier.twin, password)).json.user.id).toBe(json.user.id);
    await client.post('/api/auth/password/forgot', { email: earlier.email }, { headers: freshClient() });
    expect((await mailsTo(client, earlier.email)).map(({ kind }) => kind)).toContain('reset_password');
  });

  test('gets its address key when it signs in, and keeps its spelling; from then on its address is taken (LIM-14)', async () => {
    const earlier = await storeEarlier();
    expect(await keyOf(earlier)).toBeNull();
    const first = await guess(earlier.email, password);
    expect([first.json.user.email, first.roundTrips]).toEqual([earlier.email, 2]);
    expect(await keyOf(earlier)).toBe(addressOf(keyringOf(client), earlier.twin).keys[0]);
    expect((await register(earlier.twin)).json.code).toBe('email_taken');
    expect((await guess(earlier.twin, password)).json.user.id).toBe(earlier.id);
  });

  test('gets no key by a wrong password, and a new one where its key is of an earlier secret', async () => {
    const earlier = await storeEarlier();
    await guess(earlier.email);
    expect(await keyOf(earlier)).toBeNull();
    await query(sql`UPDATE users SET address_key = 'address:earlier:key' WHERE id = ${earlier.id}::uuid`);
    expect((await guess(earlier.email, password)).status).toBe(200);
    expect(await keyOf(earlier)).toBe(addressOf(keyringOf(client), earlier.twin).keys[0]);
  });
});
