import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { bucketOfAddress, clientNetwork } from '../../../src/rate-limit/bucket-of-address.ts';
import { expectProblem } from '../../contract/expect-problem.ts';
import { freshClient, freshEmail, otherPassword, registration } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { query } from '../../support/database.ts';
import { mailsTo } from '../../support/mailbox.ts';
import { changePassword, deleteAccount } from './signed-in-owner.ts';

const clients: Readonly<Record<string, TestClient>> = Object.fromEntries(
  ['off', 'optional', 'required'].map((mode) => [mode, new TestClient({ EMAIL_VERIFICATION: mode })]),
);

function register(mode: string, address: string, email = freshEmail()): Promise<Answer> {
  const headers = { 'CF-Connecting-IP': address };
  return clients[mode]!.post('/api/auth/register', registration(email), { headers });
}

/** What is counted for a client and its network, as the buckets that a registration of it raised say. */
async function countsAfter(run: () => Promise<Answer>): Promise<number[]> {
  const read = () =>
    query<{ bucket: string; count: number }>(sql`SELECT bucket, count FROM login_attempts ORDER BY bucket`);
  const before = new Map((await read()).map(({ bucket, count }) => [bucket, count]));
  await run();
  return (await read()).flatMap(({ bucket, count }) => (before.get(bucket) === count ? [] : [count]));
}

/** Raises the counts that one registration made to these numbers. */
async function raise(run: () => Promise<Answer>, client: number, network: number | null): Promise<void> {
  const buckets = async () =>
    (await query<{ bucket: string }>(sql`SELECT bucket FROM login_attempts`)).map((row) => row.bucket);
  const before = await buckets();
  await run();
  for (const bucket of (await buckets()).filter((name) => !before.includes(name))) {
    const count = bucket.startsWith('registrations:network:') ? network : client;
    await query(sql`UPDATE login_attempts SET count = ${count}::int WHERE bucket = ${bucket}`);
  }
}

async function rowCounts() {
  return query(sql`
    SELECT (SELECT count(*)::int FROM users) AS users, (SELECT count(*)::int FROM mail_outbox) AS mails,
      (SELECT count(*)::int FROM registration_attempts) AS registrations, (SELECT count(*)::int FROM security_events) AS events,
      (SELECT sum(count)::int FROM login_attempts) AS counted`);
}

describe('the registrations of one client', () => {
  test.each([
    ['off', 201],
    ['optional', 201],
    ['required', 202],
  ])(
    'are 100 an hour with EMAIL_VERIFICATION=%s; a further one is 429 and writes nothing (EML-14)',
    async (mode, made) => {
      const address = freshClient()['CF-Connecting-IP'];
      await raise(() => register(mode, address), 99, null);
      const email = freshEmail();
      expect((await register(mode, address, email)).status).toBe(made);
      const before = await rowCounts();
      for (const again of [freshEmail(), email]) {
        const answer = await register(mode, address, again);
        expectProblem(answer, 429, 'rate_limited');
        expect(answer).toMatchObject({ roundTrips: 1, setCookies: [] });
        expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(3500);
        expect(answer.headers.get('RateLimit-Policy')).toBe('"registrations";q=100;w=3600');
      }
      expect(await rowCounts()).toEqual(before);
      expect((await register(mode, freshClient()['CF-Connecting-IP'])).status).toBe(made);
    },
  );

  test('count whatever the answer, a taken address as well', async () => {
    const email = freshEmail();
    await register('off', freshClient()['CF-Connecting-IP'], email);
    const counts = await countsAfter(() => register('off', freshClient()['CF-Connecting-IP'], email));
    expect(counts).toEqual([1]);
  });

  test('of IPv6 count for its /48 as well, which has room for 1,000 (LIM-15)', async () => {
    const network = `2001:db8:${crypto.getRandomValues(new Uint16Array(1))[0]!.toString(16)}`;
    expect(await countsAfter(() => register('off', `${network}:1::1`))).toEqual([1, 1]);
    await raise(() => register('off', `2001:db9:1:1::1`), 1, 999);
    expect((await register('off', '2001:db9:1:2::1')).status).toBe(201);
    const before = await rowCounts();
    const refused = await register('off', '2001:db9:1:3::1');
    expectProblem(refused, 429, 'rate_limited');
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(3500);
    expect(await rowCounts()).toEqual(before);
  });

  test('that its /64 refuses do not raise the count of its /48 (LIM-15)', async () => {
    await raise(() => register('off', '2001:db9:2:1::1'), 100, 5);
    expect(await countsAfter(() => register('off', '2001:db9:2:1::1'))).toEqual([]);
    expect(await countsAfter(() => register('off', '2001:db9:2:2::1'))).toEqual([1, 6]);
  });

  test('are counted under keyed hashes: no bucket holds an address', async () => {
    const address = '2001:db9:3:1::1';
    await register('off', address);
    const rows = await query<{ bucket: string }>(sql`SELECT bucket FROM login_attempts`);
    for (const { bucket } of rows) {
      expect(bucket).not.toContain(bucketOfAddress(address));
      expect(bucket).not.toContain(clientNetwork(address));
    }
  });
});

describe('an address that nobody has verified', () => {
  test('gets five links and two notices of a kind from nine accounts that one client registers with it, changes and deletes (EML-14)', async () => {
    const [client, email, address] = [clients.optional!, freshEmail(), freshClient()['CF-Connecting-IP']];
    for (const _ of Array(9)) {
      const registered = await register('optional', address, email);
      const changed = await changePassword(client, registered.json);
      expect([registered.status, changed.status]).toEqual([201, 200]);
      expect((await deleteAccount(client, changed.json, otherPassword)).status).toBe(200);
    }
    const kinds = (await mailsTo(client, email)).map(({ kind }) => kind);
    expect(kinds.toSorted()).toEqual([
      ...Array(2).fill('account_deleted'),
      ...Array(2).fill('password_changed'),
      ...Array(5).fill('verify_email'),
    ]);
  });

  test('of which strangers registered five still gives its owner in another network a link (EML-14)', async () => {
    const [client, email] = [clients.required!, freshEmail()];
    const strangers = '2001:db9:4';
    for (const host of [1, 2, 3, 4, 5, 6]) {
      expect((await register('required', `${strangers}:${host}::1`, email)).status).toBe(202);
    }
    expect(await mailsTo(client, email)).toHaveLength(5);
    expect((await register('required', freshClient()['CF-Connecting-IP'], email)).status).toBe(202);
    expect((await mailsTo(client, email)).map(({ kind }) => kind)).toEqual(
      Array(6).fill('confirm_registration'),
    );
  });

  test('gets 15 links a day that others ask for, however many networks they have (EML-14)', async () => {
    const [client, email] = [clients.required!, freshEmail()];
    for (const _ of Array(18)) {
      expect((await register('required', freshClient()['CF-Connecting-IP'], email)).status).toBe(202);
    }
    expect(await mailsTo(client, email)).toHaveLength(15);
  });
});
