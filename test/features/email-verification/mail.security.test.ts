import { describe, expect, test } from 'vitest';
import { sql } from '../../../src/db/sql.ts';
import { freshClient, freshEmail, registration } from '../../support/accounts.ts';
import { TestClient } from '../../support/client.ts';
import { query } from '../../support/database.ts';
import { causeMails, mailsTo } from '../../support/mailbox.ts';
import {
  addressClasses,
  databaseOf,
  postRegistration,
  requiredClient,
  resend,
  rowCounts,
  storeRegistration,
  unverifiedAccount,
  useUpMails,
} from './pending-registrations.ts';

const open = new TestClient();
const required = requiredClient();

async function mailCount(): Promise<number> {
  const [row] = await query<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM mail_outbox WHERE outcome IS NULL`,
  );
  return row!.count;
}

describe('the address of a mail', () => {
  test.each([
    [['v@example.com', 'e@example.net']],
    ['v@example.com,e@example.net'],
    ['a@evil.example\uff20victim.example'],
    ['a@evil.example\ufe6bvictim.example'],
    ['v@example.com\r\nBcc: e@example.net'],
    ['v@example.com\u0000'],
    [{ email: 'v@example.com' }],
    [null],
  ])('%j is refused by register and resend, and causes no mail (EML-02)', async (email) => {
    const before = await rowCounts(open);
    const answers = [
      await required.post(
        '/api/auth/register',
        { ...registration('x@example.com'), email },
        { headers: freshClient() },
      ),
      await open.post('/api/auth/email/resend', { email }, { headers: freshClient() }),
    ];
    for (const answer of answers) expect(answer).toMatchObject({ status: 400, roundTrips: 0 });
    expect(await rowCounts(open)).toEqual(before);
  });

  test('is the stored one, whatever way it was written (EML-03)', async () => {
    const { email } = await unverifiedAccount(open);
    await resend(open, ` ${email.toUpperCase()} `);
    const mails = await mailsTo(open, email);
    expect(mails.map(({ kind }) => kind)).toEqual(['verify_email', 'verify_email']);

    // The second one has a canonical form beside the one that is stored.
    for (const localPart of ['j\u00fcrgen', 'juergen']) {
      const earlier = `${localPart}-${crypto.randomUUID()}@b\u00fccher.example`;
      await databaseOf(open).query(sql`INSERT INTO users (email, name) VALUES (${earlier}, 'Earlier')`);
      await resend(open, earlier.replace('@b\u00fc', '@B\u00dc'));
      expect(await mailsTo(open, earlier)).toMatchObject([
        { kind: 'verify_email', token: expect.any(String) },
      ]);
    }
  });

  test('is not that of somebody whose address only looks alike (EML-03)', async () => {
    const name = crypto.randomUUID();
    const email = `mike-${name}@example.com`;
    await postRegistration(open, email);
    const before = await mailCount();
    await resend(open, `m\u0131ke-${name}@example.com`);
    await resend(open, `mi\u212ae-${name}@example.com`);
    expect(await mailCount()).toBe(before);
    expect(await mailsTo(open, email)).toHaveLength(1);
  });

  test('is one mailbox whatever its case: all registrations of it count together (EML-01)', async () => {
    const email = freshEmail();
    await postRegistration(required, email);
    await postRegistration(required, email.toUpperCase());
    expect(await mailsTo(open, email)).toHaveLength(2);
  });
});

describe('what is queued', () => {
  test('holds no token in the clear, no name, and no host that the request named (EML-04, EML-11)', async () => {
    const evil = {
      Host: 'evil.example',
      'X-Forwarded-Host': 'evil.example',
      Forwarded: 'host=evil.example',
      'X-Original-URL': 'https://evil.example',
    };
    const email = freshEmail();
    const body = registration(email, { name: 'Canary Name' });
    await required.post('/api/auth/register', body, { headers: { ...freshClient(), ...evil } });
    const [mail] = await mailsTo(open, email);
    const [row] = await databaseOf(open).query<{ text: string }>(
      sql`SELECT m::text AS text FROM mail_outbox m WHERE id = ${mail!.id}::uuid`,
    );
    for (const text of [mail!.token!, 'evil.example', 'Canary']) expect(row!.text).not.toContain(text);
  });

  test('is in the language of the account, else of the request', async () => {
    const german = { ...freshClient(), 'Accept-Language': 'de-CH' };
    const email = freshEmail();
    await required.post('/api/auth/register', registration(email), { headers: german });
    await resend(required, email, { ...freshClient(), 'Accept-Language': 'fr' });
    expect((await mailsTo(open, email)).map(({ locale }) => locale)).toEqual(['de-CH', 'de-CH']);
  });
});

describe('the volume of mails (EML-10)', () => {
  /** Addresses that have caused no mail yet, of an account and of a pending registration. */
  const silent = async () => [
    await addressClasses.unverified!(open),
    await storeRegistration(open, freshEmail()),
  ];

  test('of seven resends by one client to one address 5 are mailed, all are 202', async () => {
    for (const email of await silent()) {
      const headers = freshClient();
      for (const _ of Array(7)) expect((await resend(open, email, headers)).status).toBe(202);
      expect(await mailsTo(open, email)).toHaveLength(5);
    }
  });

  test('strangers who use it up keep nobody in another network from a link (EML-14)', async () => {
    const stranger = (n: number) => ({ 'CF-Connecting-IP': `2001:db8:${n}::1` });
    const neighbour = { 'CF-Connecting-IP': '2001:db8:1:2::3' };
    for (const email of await silent()) {
      for (const n of [1, 2]) for (const _ of Array(5)) await resend(open, email, stranger(n));
      // The second of them had one: it was new.
      expect(await mailsTo(open, email)).toHaveLength(6);
      await resend(open, email, neighbour);
      expect(await mailsTo(open, email)).toHaveLength(6);
      const owner = freshClient();
      for (const _ of Array(3)) await resend(open, email, owner);
      expect(await mailsTo(open, email)).toHaveLength(7);
    }
  });

  test('of any number of clients 15 a day are mailed to an address that was never verified (EML-14)', async () => {
    for (const email of await silent()) {
      await resend(open, email);
      await useUpMails(open, email, 12);
      for (const _ of Array(4)) expect((await resend(open, email)).status).toBe(202);
      expect(await mailsTo(open, email)).toHaveLength(3);
    }
  });

  test('resends for an address that nobody has use up none of its mails', async () => {
    const [later, laterRequired] = [freshEmail(), freshEmail()];
    for (const email of [later, laterRequired]) for (const _ of Array(6)) await resend(required, email);
    await postRegistration(open, later);
    await postRegistration(required, laterRequired);
    expect(await mailsTo(open, later)).toMatchObject([{ kind: 'verify_email' }]);
    expect(await mailsTo(open, laterRequired)).toMatchObject([{ kind: 'confirm_registration' }]);
  });

  test('one client causes at most 30, and uses nothing of the limit of an address beyond that', async () => {
    const headers = freshClient();
    await causeMails(open, headers, 27);
    const [reached, email] = [await addressClasses.unverified!(open), await addressClasses.unverified!(open)];
    for (const _ of Array(5)) expect((await resend(open, reached, headers)).status).toBe(202);
    expect(await mailsTo(open, reached)).toHaveLength(3);
    for (const _ of Array(6)) await resend(open, email, headers);
    const another = freshClient();
    for (const _ of Array(5)) await resend(open, email, another);
    expect(await mailsTo(open, email)).toHaveLength(5);
  });

  test('a client over its 30 writes no row, whatever the address (ENU-05)', async () => {
    const headers = freshClient();
    await causeMails(open, headers, 30);
    for (const [name, address] of Object.entries(addressClasses)) {
      const email = await address(open);
      const before = await rowCounts(open);
      expect((await resend(open, email, headers)).status).toBe(202);
      expect(await rowCounts(open), name).toEqual(before);
    }
  });
});
