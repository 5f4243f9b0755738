import { describe, expect, test } from 'vitest';
import { addressOf } from '../../../src/address/address-key.ts';
import { sql } from '../../../src/db/sql.ts';
import { freshClient, freshEmail, password, registration } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { openDatabase } from '../../support/database.ts';
import { mailsTo } from '../../support/mailbox.ts';
import { keyringOf } from '../sessions/session-fixtures.ts';
import { deleteAccount } from './signed-in-owner.ts';
import { bcryptHash } from './stored-accounts.ts';

const max = 2;
const client = new TestClient({ LOGIN_ATTEMPTS_MAX: String(max), EMAIL_VERIFICATION: 'off' });

interface Earlier {
  readonly id: string;
  /** With the domain in letters, as the earlier system stored it. */
  readonly email: string;
  /** The same address as it is stored today. */
  readonly twin: string;
}

async function storeEarlier(): Promise<Earlier> {
  const name = crypto.randomUUID().slice(0, 13);
  const email = `${name}@b\u00fccher.example`;
  const [row] = await openDatabase().query<{ id: string }>(sql`
    INSERT INTO users (email, name, password_hash, is_verification_exempt)
    VALUES (${email}, 'Earlier User', ${bcryptHash()}, true) RETURNING id`);
  return { id: row!.id, email, twin: `${name}@xn--bcher-kva.example` };
}

function logIn(email: string, text = password): Promise<Answer> {
  return client.post('/api/auth/login', { email, password: text });
}

function register(email: string): Promise<Answer> {
  return client.post('/api/auth/register', registration(email), { headers: freshClient() });
}

async function lock(email: string): Promise<void> {
  for (const _ of Array(max)) expect((await logIn(email, 'a guess of a stranger')).status).toBe(401);
  expect((await logIn(email)).status).toBe(429);
}

/** How many mails about a lock went to the address as it is stored. */
async function lockMailsTo({ email }: Earlier): Promise<number> {
  return (await mailsTo(client, email)).filter(({ kind }) => kind === 'account_locked').length;
}

async function keyOf({ id }: Earlier): Promise<string | null> {
  const [row] = await openDatabase().query<{ address_key: string | null }>(
    sql`SELECT address_key FROM users WHERE id = ${id}::uuid`,
  );
  return row!.address_key;
}

describe('an account of the earlier system with a domain in letters', () => {
  test('is told of a lock, in whichever spelling a stranger locked it (LIM-13)', async () => {
    const earlier = await storeEarlier();
    await lock(earlier.twin);
    expect(await lockMailsTo(earlier)).toBe(1);
    expect((await logIn(earlier.email)).status).toBe(429);
    expect(await lockMailsTo(earlier)).toBe(1);
  });

  test('stays locked, whatever is registered and deleted in its other spelling (LIM-14)', async () => {
    const earlier = await storeEarlier();
    await lock(earlier.email);
    expect((await register(earlier.twin)).json.code).toBe('email_taken');
    expect((await logIn(earlier.twin)).status).toBe(429);
    // One that was there before, by whatever way, takes no attempts with it.
    const { json } = await register(freshEmail());
    await openDatabase().query(
      sql`UPDATE users SET email = ${earlier.twin} WHERE id = ${json.user.id}::uuid`,
    );
    expect((await deleteAccount(client, json, password)).status).toBe(200);
    expect((await logIn(earlier.email)).status).toBe(429);
  });

  test('is not shadowed by an account in its other spelling', async () => {
    const earlier = await storeEarlier();
    const { json } = await register(freshEmail());
    await openDatabase().query(
      sql`UPDATE users SET email = ${earlier.twin} WHERE id = ${json.user.id}::uuid`,
    );
    expect((await logIn(earlier.email)).json.user.id).toBe(earlier.id);
    expect((await logIn(earlier.twin)).json.user.id).toBe(earlier.id);
    // Each by its own spelling, once both have a claim to the address.
    await openDatabase().query(
      sql`UPDATE users SET email_verified_at = now() WHERE id = ${json.user.id}::uuid`,
    );
    expect((await logIn(earlier.email)).json.user.id).toBe(earlier.id);
    expect((await logIn(earlier.twin)).json.user.id).toBe(json.user.id);
  });

  test('gets its address key when it signs in, and keeps its spelling; from then on its address is taken (LIM-14)', async () => {
    const earlier = await storeEarlier();
    expect(await keyOf(earlier)).toBeNull();
    const first = await logIn(earlier.email);
    expect([first.json.user.email, first.roundTrips]).toEqual([earlier.email, 2]);
    expect(await keyOf(earlier)).toBe(addressOf(keyringOf(client), earlier.twin).keys[0]);
    expect((await register(earlier.twin)).json.code).toBe('email_taken');
    expect((await logIn(earlier.twin)).json.user.id).toBe(earlier.id);
  });

  test('gets no key by a wrong password, and a new one where its key is of an earlier secret', async () => {
    const earlier = await storeEarlier();
    await logIn(earlier.email, 'wrong');
    expect(await keyOf(earlier)).toBeNull();
    await openDatabase().query(
      sql`UPDATE users SET address_key = 'address:earlier:key' WHERE id = ${earlier.id}::uuid`,
    );
    expect((await logIn(earlier.email)).status).toBe(200);
    expect(await keyOf(earlier)).toBe(addressOf(keyringOf(client), earlier.twin).keys[0]);
  });
});
