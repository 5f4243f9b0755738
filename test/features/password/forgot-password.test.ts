import { describe, expect, test, vi } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshClient, freshEmail, logIn, password, registerUser } from '../../support/accounts.ts';
import { type Answer, TestClient } from '../../support/client.ts';
import { faultyEndpoint, freshDatabase, openDatabase, query } from '../../support/database.ts';
import { storeLink } from '../../support/links.ts';
import { causeMails, mailsTo, tokenFrom } from '../../support/mailbox.ts';
import { baseUrl } from '../../support/test-env.ts';
import { signIn } from '../sessions/session-fixtures.ts';
import { forget, linkFor, reset } from './password-reset.ts';
import { recordsOf } from './signed-in-owner.ts';
import { bcryptHash, storeAccount } from './stored-accounts.ts';

// Without the mail of the registration, which is tested elsewhere.
const client = new TestClient({ EMAIL_VERIFICATION: 'off' });
const ask = (email: string, headers = freshClient()) => forget(client, email, headers);

/** What an answer shows, but for the request's own id and the time. */
function shown({ status, headers, text, setCookies, hashes, roundTrips }: Answer) {
  const names = [...headers.keys()].filter((name) => name !== 'x-request-id').toSorted();
  return { status, names, text, setCookies, hashes, roundTrips };
}

describe('POST /api/auth/password/forgot', () => {
  test('mails the owner one link, in one round trip, and says nothing of it', async () => {
    const { email, userId } = await signIn(client);
    const answer = await ask(email);
    expect(answer).toMatchObject({ status: 202, roundTrips: 1, hashes: 0, setCookies: [] });
    expect(answer.json).toEqual({ success: true, message: expect.any(String) });
    const mails = await mailsTo(client, email);
    expect(mails).toMatchObject([{ kind: 'reset_password', user_id: userId, outcome: null }]);
    expect(mails[0]!.token).toMatch(/^nxp_/);
    expect(answer.text).not.toContain(mails[0]!.token);
    expect((await recordsOf(userId)).at(-1)).toMatchObject({
      type: 'authn_token_created',
      outcome: 'success',
      reason: 'password_reset',
      request_id: answer.headers.get('X-Request-Id'),
    });
  });

  test('changes nothing: the session lives, the old password signs in, earlier links stay good (RST-04)', async () => {
    const owner = await signIn(client);
    const before = await linkFor(client, owner.email);
    for (let index = 0; index < 3; index++) await ask(owner.email);
    expect((await client.get('/api/auth/me', { bearer: owner.accessToken })).status).toBe(200);
    await logIn(client, owner.email);
    expect((await reset(client, before)).status).toBe(200);
  });

  test('gives an account without a password its first one', async () => {
    const { email } = await storeAccount(null);
    expect((await reset(client, await linkFor(client, email), password)).status).toBe(200);
    await logIn(client, email);
  });

  test.each<[what: string, stored: (id: string) => string, typed: (id: string) => string]>([
    ['capitals', (id) => `${id}@x.example`, (id) => ` ${id.toUpperCase()}@X.example `],
    ['a domain in letters', (id) => `${id}@b\u00fccher.example`, (id) => `${id}@B\u00dcCHER.example`],
    ['another normal form', (id) => `zo\u00eb-${id}@x.example`, (id) => `zoe\u0308-${id}@x.example`],
  ])('mails the stored address, whatever was typed: %s (EML-03)', async (_what, stored, typed) => {
    const id = crypto.randomUUID().slice(0, 13);
    const insert = sql`INSERT INTO users (email, name, password_hash) VALUES (${stored(id)}, 'Earlier', ${bcryptHash()})`;
    await query(insert);
    expect((await ask(typed(id))).status).toBe(202);
    expect(await mailsTo(client, stored(id))).toHaveLength(1);
    expect((await reset(client, await tokenFrom(client, stored(id), 'reset_password'))).status).toBe(200);
  });

  test('mails nobody for a letter that only looks like the stored one (EML-03)', async () => {
    const id = crypto.randomUUID().slice(0, 13);
    await registerUser(client, { email: `mike-${id}@x.example` });
    await ask(`m\u0131ke-${id}@x.example`);
    for (const address of [`mike-${id}@x.example`, `m\u0131ke-${id}@x.example`])
      expect(await mailsTo(client, address)).toEqual([]);
  });

  test('takes the address of the link from the configuration alone (EML-04)', async () => {
    const { email } = await signIn(client);
    const evil = ['Host', 'X-Forwarded-Host', 'X-Original-URL', 'X-Forwarded-Proto', 'X-Forwarded-Port'];
    const headers = Object.fromEntries(evil.map((name) => [name, 'evil.example']));
    const answer = await forget(client, email, { ...headers, Forwarded: 'host=evil.example' });
    expect(answer.status).toBe(202);
    // What is queued is a token and facts: the link is built of BASE_URL when it is sent.
    const [mail] = await mailsTo(client, email);
    expect(JSON.stringify(mail)).not.toContain('evil');
    expect(JSON.stringify(mail)).not.toContain(baseUrl);
  });
});

describe('an address that nobody may learn about', () => {
  test('is answered and worked for alike: known, unverified, without a password, unknown, left by its account, banned, reserved, over the limit (ENU-05, ENU-12)', async () => {
    const faulty = await faultyEndpoint();
    const watched = new TestClient({ DATABASE_HTTP_ENDPOINT: faulty.endpoint });
    const db = openDatabase();
    const store = async (columns: { banned?: boolean; hash?: string | null; isVerified?: boolean }) => {
      const email = freshEmail();
      await db.query(sql`
        INSERT INTO users (email, name, password_hash, banned_at, email_verified_at)
        VALUES (${email}, 'Stored', ${columns.hash ?? null}, CASE WHEN ${columns.banned ?? false}::boolean THEN now() END,
          CASE WHEN ${columns.isVerified ?? false}::boolean THEN now() END)`);
      return email;
    };
    const leave = async (columns: { banned?: boolean }) => {
      const [email, target] = [await store(columns), freshEmail()];
      const [user] = await db.query<{ id: string }>(sql`SELECT id FROM users WHERE email = ${email}`);
      await storeLink(watched, 'revert_email', { id: user!.id, email: target }, { target });
      return target;
    };
    const overLimit = await store({ hash: bcryptHash() });
    const asker = freshClient();
    for (let index = 0; index < 6; index++) await forget(watched, overLimit, asker);
    await db.query(sql`INSERT INTO users (email, name) VALUES ('demo@nexora.ai', 'Reserved')`);
    const classes = {
      known: await store({ hash: bcryptHash(), isVerified: true }),
      unverified: await store({ hash: bcryptHash() }),
      'without a password': await store({ hash: null }),
      unknown: freshEmail(),
      left: await leave({}),
      'left by a banned account': await leave({ banned: true }),
      banned: await store({ hash: bcryptHash(), banned: true }),
      reserved: 'demo@nexora.ai',
      'over the limit': overLimit,
    };
    const counts = async () => {
      const [row] = await db.query<{ tokens: number; mails: number; events: number; sent: number }>(sql`
        SELECT (SELECT count(*)::int FROM one_time_tokens) AS tokens, (SELECT count(*)::int FROM mail_outbox) AS mails,
          (SELECT count(*)::int FROM security_events) AS events,
          (SELECT count(*)::int FROM mail_outbox WHERE outcome IS NULL) AS sent`);
      return row!;
    };
    const seen = [];
    for (const [name, email] of Object.entries(classes)) {
      const [before, callsBefore] = [await counts(), (await faulty.seen()).length];
      const answer = await forget(watched, email, name === 'over the limit' ? asker : freshClient());
      const after = await counts();
      const statements = (await faulty.seen()).slice(callsBefore).map(({ queries }) => queries);
      const rows = [after.tokens - before.tokens, after.mails - before.mails, after.events - before.events];
      seen.push({ ...shown(answer), statements, rows });
      const isTold = ['known', 'unverified', 'without a password', 'left'].includes(name);
      expect([name, after.sent - before.sent]).toEqual([name, isTold ? 1 : 0]);
    }
    for (const one of seen) expect(one).toEqual(seen[0]);
    expect(seen[0]).toMatchObject({ status: 202, roundTrips: 1, rows: [1, 1, 1] });
    // A token that was made for nobody opens nothing, and its mail holds nothing.
    const [owned] = await db.query<{ owned: number }>(
      sql`SELECT count(*)::int AS owned FROM mail_outbox WHERE outcome = 'dropped' AND (sealed IS NOT NULL OR recipient <> '' OR user_id IS NOT NULL)`,
    );
    expect(owned).toEqual({ owned: 0 });
  });
});

describe('the mails of an hour', () => {
  test('are five for one address and client, and all 20 answers are 202; another client still causes one (EML-10, EML-14)', async () => {
    const { email } = await signIn(client);
    const [headers, answers]: [ReturnType<typeof freshClient>, Answer[]] = [freshClient(), []];
    for (let index = 0; index < 20; index++) answers.push(await ask(email, headers));
    expect(answers.map(({ status, text }) => [status, text])).toEqual(
      Array(20).fill([202, answers[0]!.text]),
    );
    expect(await mailsTo(client, email)).toHaveLength(5);
    const before = await tokenFrom(client, email, 'reset_password');
    await ask(email);
    const link = await tokenFrom(client, email, 'reset_password');
    expect(link).not.toBe(before);
    expect((await reset(client, link)).status).toBe(200);
  });

  test('are thirty for one client: beyond them no row is written, and none is taken from the addresses (EML-10, SES-20)', async () => {
    const url = await freshDatabase();
    const own = new TestClient({ DATABASE_URL: url, EMAIL_VERIFICATION: 'off' });
    const db = openDatabase(url);
    const headers = { 'CF-Connecting-IP': '203.0.113.77' };
    const emails = Array.from({ length: 36 }, freshEmail);
    // Every other address has an account: the client is counted alike.
    await db.query(sql`
      INSERT INTO users (email, name) SELECT e, 'Stored' FROM unnest(${emails}::text[]) WITH ORDINALITY AS n (e, i) WHERE i % 2 = 0`);
    for (const email of emails) expect((await forget(own, email, headers)).status).toBe(202);
    const [rows] = await db.query(sql`
      SELECT (SELECT count(*)::int FROM mail_outbox) AS mails, (SELECT count(*)::int FROM one_time_tokens) AS tokens,
        (SELECT count(*)::int FROM security_events) AS events, (SELECT count(*)::int FROM login_attempts) AS counters`);
    expect(rows).toEqual({ mails: 30, tokens: 30, events: 30, counters: 0 });
    await forget(own, emails[35]!, { 'CF-Connecting-IP': '203.0.113.78' });
    expect(await mailsTo(own, emails[35]!)).toHaveLength(1);
  });

  test('are 300 for one /48 of IPv6 (EML-10)', async () => {
    await causeMails(client, { 'CF-Connecting-IP': '2001:db8:7:1::1' }, 299);
    const askFrom = async (address: string) => {
      const { email } = await signIn(client);
      await forget(client, email, { 'CF-Connecting-IP': address });
      return (await mailsTo(client, email)).length;
    };
    expect(await askFrom('2001:db8:7:2::1')).toBe(1);
    expect(await askFrom('2001:db8:7:3::1')).toBe(0);
    expect(await askFrom('2001:db8:8:1::1')).toBe(1);
  });

  test('are counted for an address however it is spelled', async () => {
    const { email } = await signIn(client);
    const headers = freshClient();
    for (let index = 0; index < 3; index++) {
      await ask(email, headers);
      await ask(email.toUpperCase(), headers);
    }
    expect(await mailsTo(client, email)).toHaveLength(5);
  });
});

test('a request whose answer is lost is repeated, and one mail is written (DBF-10)', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const { email } = await signIn(client);
  const { endpoint } = await faultyEndpoint(['commit-then-drop']);
  const faulty = new TestClient({ DATABASE_HTTP_ENDPOINT: endpoint, DATABASE_TIMEOUT_MS: '2500' });
  const headers = freshClient();
  expect(await forget(faulty, email, headers)).toMatchObject({ status: 202, roundTrips: 2 });
  expect(await mailsTo(client, email)).toHaveLength(1);
  expect((await reset(client, await tokenFrom(client, email, 'reset_password'))).status).toBe(200);
  // The retry used nothing more: four are left.
  for (let index = 0; index < 6; index++) await ask(email, headers);
  expect((await mailsTo(client, email)).filter(({ kind }) => kind === 'reset_password')).toHaveLength(5);
});
