import { beforeEach, describe, expect, test, vi } from 'vitest';
import { addressOf } from '../../src/address/address-key.ts';
import { sql } from '../../src/db/sql.ts';
import { giveAttemptBack } from '../../src/rate-limit/give-attempt-back.sql.ts';
import { expectProblem } from '../contract/expect-problem.ts';
import { storeAccount } from '../features/password/stored-accounts.ts';
import { keyringOf, signIn } from '../features/sessions/session-fixtures.ts';
import { freshEmail, logIn, password, registerUser } from '../support/accounts.ts';
import { type Answer, cookieValue, TestClient, withLiveHashes } from '../support/client.ts';
import { openDatabase, openForFlow, query } from '../support/database.ts';
import { cheapHash } from '../support/inserted-user.ts';
import { slowTest } from '../support/slow.ts';

const max = 2;
const client = new TestClient({ LOGIN_ATTEMPTS_MAX: String(max), LOGIN_WINDOW_SECONDS: '900' });
const wrong = 'not the password';

function guess(email: string, text = wrong, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return client.post('/api/auth/login', { email, password: text }, { headers });
}

async function failAttempts(email: string, attempts: number, headers: Readonly<Record<string, string>> = {}) {
  for (let attempt = 0; attempt < attempts; attempt++) {
    expect((await guess(email, wrong, headers)).status).toBe(401);
  }
}

/** The X-Device-Token that a login or register answered. */
function deviceOf(answer: Answer): { 'X-Device-Token': string } {
  return { 'X-Device-Token': answer.headers.get('X-Device-Token') ?? '' };
}

/** Lets the account's windows end that many seconds from now. */
async function endWindows(seconds = -1): Promise<void> {
  await query(sql`
    UPDATE login_attempts SET window_ends_at = now() + make_interval(secs => ${seconds}::int)
    WHERE starts_with(bucket, ${addressOf(keyringOf(client), email).keys[0]})`);
}

let email: string;
beforeEach(async () => {
  ({ email } = await signIn(client));
});

const classes: Record<string, () => Promise<string>> = {
  'an account': async () => email,
  'an unknown address': async () => freshEmail(),
  'an account without a password': async () => (await storeAccount(null)).email,
  'a banned account': async () => (await storeAccount(await cheapHash(), { isBanned: true })).email,
};

describe('attempts at', () => {
  test('all of them: those of the limit are checked, the next are refused with the same bytes, right password or not (ENU-06, ENU-12, LIM-01)', async () => {
    const refused = [];
    for (const [name, prepare] of Object.entries(classes)) {
      const address = await prepare();
      await failAttempts(address, max);
      for (const text of [wrong, password]) {
        const answer = await guess(address, text);
        expect(answer, name).toMatchObject({ status: 429, roundTrips: 1, hashes: 0, setCookies: [] });
        expect(answer.json.code, name).toBe('too_many_attempts');
        refused.push(answer);
      }
    }
    const bodies = refused.map(({ text, headers }) => text.replace(headers.get('X-Request-Id')!, ''));
    expect(new Set(bodies).size).toBe(1);
    expect(new Set(refused.map(({ headers }) => [...headers.keys()].join())).size).toBe(1);
  });

  test('an address count on when somebody registers it, so that a lock does not tell when (ENU-06)', async () => {
    const address = freshEmail();
    await failAttempts(address, max);
    const owner = await registerUser(client, { email: address });
    expect((await guess(address, password)).status).toBe(429);
    // Its device is known from registering on.
    expect((await guess(address, password, deviceOf(owner))).status).toBe(200);
  });

  test('a locked one are answered with Retry-After and the RateLimit fields (LIM-08)', async () => {
    await failAttempts(email, max);
    const answer = await guess(email);
    expectProblem(answer, 429, 'too_many_attempts');
    const { headers } = answer;
    const seconds = Number(headers.get('Retry-After'));
    expect(seconds).toBeGreaterThan(890);
    expect(seconds).toBeLessThanOrEqual(900);
    expect(headers.get('RateLimit-Policy')).toBe(`"attempts";q=${max};w=900`);
    expect(headers.get('RateLimit')).toBe(`"attempts";r=0;t=${seconds}`);
  });

  test('one account leave every other alone', async () => {
    const other = await signIn(client);
    await failAttempts(email, max);
    expect((await logIn(client, other.email)).status).toBe(200);
  });

  test('an account count together, whatever the client, the case and the blanks of the address (LIM-01)', async () => {
    const from = (host: number) => ({ 'CF-Connecting-IP': `198.51.100.${host}` });
    for (let attempt = 1; attempt <= max; attempt++)
      expect((await guess(email, wrong, from(attempt))).status).toBe(401);
    expect((await guess(` ${email.toUpperCase()} `, wrong, from(99))).status).toBe(429);
  });
});

describe('attempts that are not checked', () => {
  slowTest(
    'without room for a hash are not used up: a crowd elsewhere locks nobody out (LIM-02, HSH-10)',
    async () => {
      vi.spyOn(console, 'error').mockImplementation(() => undefined);
      const strict = new TestClient({ LOGIN_ATTEMPTS_MAX: '1' }, withLiveHashes);
      const attempt = (address: string, text: string) =>
        strict.post('/api/auth/login', { email: address, password: text });
      let own: Answer | undefined;
      // Whether the owner finds room is a matter of luck: until they do not.
      while (own?.status !== 503) {
        await endWindows();
        const crowd = Promise.all(Array.from({ length: 60 }, () => attempt(freshEmail(), wrong)));
        own = await attempt(email, wrong);
        await crowd;
      }
      expect(own).toMatchObject({ hashes: 0, json: { code: 'overloaded' } });
      expect((await attempt(email, password)).status).toBe(200);
    },
  );

  test('are given back when no permit was free in time', async () => {
    const [db, bucket] = [openDatabase(), `${addressOf(keyringOf(client), email).keys[0]}:world`];
    const limits = { max, windowSeconds: 900 };
    const count = async () => {
      const [row] = await db.query<{ count: number; is_open: boolean }>(sql`
        SELECT t.count, t.window_ends_at > now() AS is_open FROM login_attempts t WHERE t.bucket = ${bucket}`);
      return row;
    };
    await failAttempts(email, 1);
    await giveAttemptBack(openForFlow(), bucket, limits);
    expect(await count()).toEqual({ count: 1, is_open: false });
    await failAttempts(email, max);
    expect((await guess(email)).status).toBe(429);
    // The refusal that came between was none of the attempts.
    await giveAttemptBack(openForFlow(), bucket, limits);
    expect(await count()).toEqual({ count: max - 1, is_open: true });
    await failAttempts(email, 1);
    expect((await guess(email)).status).toBe(429);
  });
});

describe('the window', () => {
  test('runs from the first attempt, and is neither moved by later ones nor by refusals', async () => {
    await failAttempts(email, 1);
    await endWindows(60);
    await failAttempts(email, max - 1);
    for (let refusal = 0; refusal < 3; refusal++) {
      const { status, headers } = await guess(email);
      expect(status).toBe(429);
      const retryAfter = Number(headers.get('Retry-After'));
      expect(retryAfter).toBeGreaterThanOrEqual(1);
      expect(retryAfter).toBeLessThanOrEqual(60);
    }
  });

  test('when it is over, all attempts are there again (LIM-08)', async () => {
    await failAttempts(email, max);
    await endWindows();
    await failAttempts(email, max);
    expect((await guess(email)).status).toBe(429);
    await endWindows();
    expect((await guess(email, password)).status).toBe(200);
  });
});

describe('a successful login', () => {
  test('gives the account its attempts back (LIM-10)', async () => {
    await failAttempts(email, max - 1);
    await logIn(client, email);
    await failAttempts(email, max);
    expect((await guess(email)).status).toBe(429);
  });

  test('of an attacker into their own account gives them no attempts at another (LIM-10)', async () => {
    const own = await registerUser(client);
    for (let attempt = 0; attempt < max; attempt++) {
      await failAttempts(email, 1, deviceOf(own));
      await logIn(client, own.email);
    }
    expect((await guess(email, wrong, deviceOf(own))).status).toBe(429);
  });
});

describe('a known device', () => {
  test('has attempts of its own: the owner signs in while untrusted devices are locked out (LIM-02)', async () => {
    const owner = await logIn(client, email);
    await failAttempts(email, max);
    expect((await guess(email, password)).status).toBe(429);
    expect((await guess(email, password, deviceOf(owner))).status).toBe(200);
    const cookies = { '__Host-nexora_device': cookieValue(owner, '__Host-nexora_device') ?? '' };
    const byCookie = await client.post('/api/auth/login', { email, password }, { cookies });
    expect(byCookie.status).toBe(200);
    // The device does not give back the attempts of untrusted devices.
    expect((await guess(email, password)).status).toBe(429);
  });

  test('is limited as well, and locks nobody else out', async () => {
    const owner = await logIn(client, email);
    await failAttempts(email, max, deviceOf(owner));
    expect((await guess(email, password, deviceOf(owner))).status).toBe(429);
    expect((await guess(email, password)).status).toBe(200);
  });

  test('of one account is untrusted by another', async () => {
    const attacker = await registerUser(client);
    await failAttempts(email, max, deviceOf(attacker));
    expect((await guess(email)).status).toBe(429);
  });

  test('keeps its id and gathers the accounts that sign in on it, five at most', async () => {
    let token = (await logIn(client, email)).headers.get('X-Device-Token') ?? '';
    const others = await Promise.all(Array.from({ length: 5 }, () => signIn(client)));
    for (const { email: other } of others) {
      const answer = await guess(other, password, { 'X-Device-Token': token });
      token = answer.headers.get('X-Device-Token') ?? '';
    }
    for (const address of [email, others[0]!.email, others[4]!.email]) await failAttempts(address, max);
    for (const { email: other } of [others[0]!, others[4]!]) {
      expect((await guess(other, password, { 'X-Device-Token': token })).status).toBe(200);
    }
    // The first of six had to make room.
    expect((await guess(email, password, { 'X-Device-Token': token })).status).toBe(429);
  });

  test('is unknown once all devices of the user are forgotten, and known again after a login', async () => {
    const owner = await logIn(client, email);
    await query(sql`UPDATE users SET device_generation = device_generation + 1 WHERE email = ${email}`);
    await failAttempts(email, max, deviceOf(owner));
    expect((await guess(email)).status).toBe(429);
    await endWindows();
    const again = await logIn(client, email);
    await failAttempts(email, max);
    expect((await guess(email, password, deviceOf(again))).status).toBe(200);
  });

  test('is remembered by the session that was opened on it', async () => {
    const first = await logIn(client, email);
    const second = await guess(email, password, deviceOf(first));
    const ids = await query<{ device_id: string }>(
      sql`SELECT s.device_id FROM sessions s WHERE s.user_id = ${second.json.user.id}::uuid ORDER BY s.created_at`,
    );
    expect(ids).toHaveLength(3);
    expect(ids[2]).toEqual(ids[1]);
    expect(ids[1]).not.toEqual(ids[0]);
  });

  test.each(['', 'garbage', `nxd_${'A'.repeat(91)}`, `nxd_${'A'.repeat(5000)}`])(
    'with a forged token is untrusted, and gets a valid one: %j',
    async (token) => {
      const answer = await guess(email, password, { 'X-Device-Token': token });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('X-Device-Token')).toMatch(/^nxd_[\w-]{91}$/);
    },
  );

  test('is known by its cookie when the header holds nothing good', async () => {
    const owner = await logIn(client, email);
    await failAttempts(email, max);
    const cookies = { '__Host-nexora_device': cookieValue(owner, '__Host-nexora_device') ?? '' };
    const options = { cookies, headers: { 'X-Device-Token': 'garbage' } };
    expect((await client.post('/api/auth/login', { email, password }, options)).status).toBe(200);
  });

  test('token goes the way of the tokens that were asked for', async () => {
    const cookie = await logIn(client, email, { transport: 'cookie' });
    expect(cookie.headers.get('X-Device-Token')).toBeNull();
    expect(cookieValue(cookie, '__Host-nexora_device')).toMatch(/^nxd_/);
    const body = await logIn(client, email, { transport: 'body' });
    expect(body.headers.get('X-Device-Token')).toMatch(/^nxd_/);
    expect(body.setCookies).toEqual([]);
  });

  test('stays known after a logout', async () => {
    const owner = await logIn(client, email);
    const logout = await client.post('/api/auth/logout', { refreshToken: owner.json.refreshToken });
    expect(logout.setCookies.join()).not.toContain('nexora_device');
  });
});

describe('the table of attempts', () => {
  test('holds no address', async () => {
    const unknown = freshEmail();
    await failAttempts(unknown, 1);
    const rows = await query<{ bucket: string }>(sql`SELECT t.bucket FROM login_attempts t`);
    expect(rows.length).toBeGreaterThan(0);
    for (const { bucket } of rows) {
      expect(bucket).toMatch(
        /^((user:[\da-f-]{36}|address:[\w-]+:[\w-]{43}):(world|[\da-f-]{36})|registrations:(network:)?client:[\w-]{43}|mail(:[a-z_]+|-client):(user:[\da-f-]{36}|[\w-]{43}))$/,
      );
    }
  });
});
