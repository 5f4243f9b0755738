import { describe, expect, test } from 'vitest';
import { createKeyring } from '../../src/crypto/keyring.ts';
import { join, sql } from '../../src/db/sql.ts';
import type { MailFacts } from '../../src/mail/mail-kind.ts';
import { mailLimits } from '../../src/mail/mail-limits.ts';
import { createMailer, type MailDetails } from '../../src/mail/mailer.ts';
import { openMail, type PreparedMail, prepareMail, prepareMailToEach } from '../../src/mail/prepared-mail.ts';
import { type MailBudget, queueMail } from '../../src/mail/queue-mail.sql.ts';
import type { RequestMetadata } from '../../src/request/request-metadata.ts';
import { openForFlow, query } from '../support/database.ts';

const keyring = createKeyring(crypto.getRandomValues(new Uint8Array(32)));
const content = { token: 'nxp_secret', facts: { userAgent: 'Firefox', location: null } };
const recipients = ['one@example.com', 'two@example.com'];

describe('what is sealed for a mail', () => {
  test('opens for its row, kind and recipient alone', async () => {
    const { id, kind, sealed } = await prepareMail(keyring, 'reset_password', recipients, {
      ...content,
      ttlSeconds: 3600,
    });
    const row = { id, kind, recipient: 'two@example.com', sealed: sealed[1] ?? '' };
    expect(await openMail(keyring, row)).toEqual(content);
    expect(row.sealed).not.toContain('secret');
    expect(await openMail(keyring, { ...row, id: crypto.randomUUID() })).toBeNull();
    expect(await openMail(keyring, { ...row, kind: 'unlock' })).toBeNull();
    expect(await openMail(keyring, { ...row, recipient: 'one@example.com' })).toBeNull();
  });

  test('opens for each of several recipients with their own row alone', async () => {
    const mail = await prepareToEach();
    const { id, kind, ids = [], sealed } = mail;
    expect(new Set(ids).size).toBe(2);
    expect(id).toBe(ids[0]);
    for (const [own, other] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const row = { id: ids[own]!, kind, recipient: recipients[own]!, sealed: sealed[own]! };
      expect(await openMail(keyring, row)).toEqual(content);
      expect(await openMail(keyring, { ...row, id: ids[other]! })).toBeNull();
      expect(await openMail(keyring, { ...row, recipient: recipients[other]! })).toBeNull();
    }
  });

  test('is given up when its link has expired, and after a day at the latest', async () => {
    const prepare = (ttlSeconds: number) =>
      prepareMail(keyring, 'new_device', ['one@example.com'], { ...content, ttlSeconds });
    expect((await prepare(3600)).ttlSeconds).toBe(3600);
    expect((await prepare(604_800)).ttlSeconds).toBe(86_400);
    expect((await prepareToEach(604_800)).ttlSeconds).toBe(86_400);
  });
});

describe('a mail that an operator causes', () => {
  const location = { city: 'Berlin', region: null, country: 'DE' };
  const mailer = createMailer(keyring, () => ({ ...metadata(), userAgent: 'Firefox', location }));
  const token = { token: 'nxk_secret', ttlSeconds: 3600 };

  async function factsIn({ id, kind, recipients, sealed }: PreparedMail): Promise<MailFacts | undefined> {
    const row = { id, kind, recipient: recipients[0]!, sealed: sealed[0]! };
    return (await openMail(keyring, row))?.facts;
  }

  test.each(['prepare', 'prepareForEach'] as const)(
    'tells when it takes effect, and nothing of where it was caused (%s)',
    async (prepare) => {
      const factsWith = async (details?: MailDetails) =>
        factsIn(await mailer[prepare]('two_factor_reset_requested', token, recipients, details));
      expect(await factsWith()).toEqual({ userAgent: 'Firefox', location });
      expect(await factsWith({ delayHours: 24 })).toEqual({ userAgent: 'Firefox', location, delayHours: 24 });
      expect(await factsWith({ delayHours: 24, isByOperator: true })).toEqual({
        ...{ userAgent: null, location: null, delayHours: 24 },
      });
    },
  );
});

describe('a mail that is queued for each of its recipients', () => {
  /** Queues the mail to these addresses, of which null is somebody who is not written to. */
  async function queueTo(addresses: readonly (string | null)[], mail: PreparedMail, budget: MailBudget) {
    const rows = addresses.map(
      (address) => sql`(NULL::uuid, ${address}::text, ${address ?? 'nobody'}::text, true, 'en'::text)`,
    );
    const source = sql`
      SELECT * FROM (VALUES ${join(rows, ', ')}) v (user_id, recipient, recipient_key, is_verified, locale)`;
    await openForFlow().query('queue-mail', queueMail(source, mail, budget, metadata()));
  }

  function rowsOf({ kind }: PreparedMail): Promise<StoredMail[]> {
    return query(sql`
      SELECT id, kind, recipient, sealed, outcome FROM mail_outbox WHERE kind = ${kind} ORDER BY recipient`);
  }

  test('has a row for each that opens, once, and none for an address that it was not prepared for', async () => {
    const mail = await prepareToEach();
    for (let run = 0; run < 2; run++) await queueTo([...recipients, 'other@example.com'], mail, 'none');
    const rows = await rowsOf(mail);
    expect(rows.map(({ id, recipient }) => [id, recipient])).toEqual([
      [mail.ids![0], recipients[0]],
      [mail.ids![1], recipients[1]],
    ]);
    for (const { sealed, ...row } of rows)
      expect(await openMail(keyring, { ...row, sealed: sealed! })).toEqual(content);
  });

  test('has a dropped row for whoever is over the budget or not written to', async () => {
    const prepare = () => prepareToEach(3600, 'two_factor_reset_requested');
    for (let count = 0; count < mailLimits.perKind; count++)
      await queueTo([recipients[0]!], await prepare(), 'recipient');
    const mail = await prepare();
    await queueTo([...recipients, null], mail, 'recipient');
    const rows = await rowsOf(mail);
    const dropped = rows.filter(({ outcome }) => outcome !== null);
    expect(dropped.map(({ recipient, sealed, outcome }) => [recipient, sealed, outcome])).toEqual([
      ['', null, 'dropped'],
      ['', null, 'dropped'],
    ]);
    expect(rows.filter(({ recipient }) => recipient === recipients[1]).map(({ id }) => id)).toEqual([
      mail.ids![1],
    ]);
    expect(rows).toHaveLength(mailLimits.perKind + 3);
  });
});

/** A row of the outbox. */
interface StoredMail {
  readonly id: string;
  readonly kind: string;
  readonly recipient: string;
  readonly sealed: string | null;
  readonly outcome: string | null;
}

function prepareToEach(ttlSeconds = 3600, kind: PreparedMail['kind'] = 'reset_password') {
  return prepareMailToEach(keyring, kind, recipients, { ...content, ttlSeconds });
}

function metadata(): RequestMetadata {
  return {
    ...{ requestId: crypto.randomUUID(), operationId: crypto.randomUUID() },
    ...{ ipAddress: null, userAgent: null, location: null, locale: null },
  };
}
