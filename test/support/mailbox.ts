import { expect } from 'vitest';
import { createKeyring } from '../../src/crypto/keyring.ts';
import { sql } from '../../src/db/sql.ts';
import type { MailKind, SealedMailKind } from '../../src/mail/mail-kind.ts';
import { openMail } from '../../src/mail/prepared-mail.ts';
import { type freshClient, freshEmail } from './accounts.ts';
import type { TestClient } from './client.ts';
import { openDatabase } from './database.ts';

/** A row of the outbox, opened with the service's own secret. */
export interface QueuedMail {
  readonly id: string;
  readonly kind: MailKind;
  readonly recipient: string;
  readonly locale: string | null;
  readonly user_id: string | null;
  readonly facts: unknown;
  readonly attempts: number;
  readonly outcome: 'sent' | 'given_up' | 'dropped' | null;
  /** What its link carries, or its code; null where there is none, or where it has been wiped. */
  readonly token: string | null;
}

/** What the service has queued for an address, oldest first. Tests run with the outbox transport, which sends nothing. */
export async function mailsTo(client: TestClient, recipient: string): Promise<QueuedMail[]> {
  const db = openDatabase(String(client.env.DATABASE_URL));
  const rows = await db.query<Omit<QueuedMail, 'token'> & { sealed: string | null }>(sql`
    SELECT id, kind, recipient, locale, user_id, sealed, facts, attempts, outcome FROM mail_outbox
    WHERE recipient = ${recipient} ORDER BY created_at, id`);
  const keyring = createKeyring(bytesOf(client.env.AUTH_SECRET));
  return Promise.all(
    rows.map(async ({ sealed, ...row }) => {
      const content = sealed === null ? null : await openMail(keyring, { ...row, sealed });
      if (sealed !== null) expect(content, `the sealed content of ${row.kind} opens`).not.toBeNull();
      // What a mail with a secret tells is sealed with it.
      const facts = content === null ? row.facts : { ...content.facts, ...(row.facts as object | null) };
      return { ...row, facts, token: content?.token ?? null };
    }),
  );
}

/** Those of them that will still be sent. */
export async function waitingMailsTo(client: TestClient, recipient: string): Promise<QueuedMail[]> {
  return (await mailsTo(client, recipient)).filter(({ outcome }) => outcome === null);
}

/** The token, or the code, in the latest mail of this kind to the address. */
export async function tokenFrom(
  client: TestClient,
  recipient: string,
  kind: SealedMailKind,
): Promise<string> {
  const mails = await mailsTo(client, recipient);
  const token = mails.findLast((mail) => mail.kind === kind)?.token;
  if (!token)
    throw new Error(`no ${kind} for ${recipient} among ${mails.map((mail) => mail.kind).join(', ')}`);
  return token;
}

/** Lets the client that caused the mail to an address have caused so many more, to somebody else. */
export function causeFurtherMails(client: TestClient, recipient: string, times: number): Promise<unknown> {
  return openDatabase(String(client.env.DATABASE_URL)).query(sql`
    INSERT INTO mail_outbox (id, kind, recipient, client_key, network_key, request_id, expires_at)
    SELECT gen_random_uuid(), m.kind, 'somebody@example.com', m.client_key, m.network_key, m.request_id, m.expires_at
    FROM mail_outbox m, generate_series(1, ${times}::int) WHERE m.recipient = ${recipient}`);
}

/** Lets a client, who asks for a link to an address of nobody, have caused so many mails within the hour. */
export async function causeMails(
  client: TestClient,
  headers: ReturnType<typeof freshClient>,
  count: number,
): Promise<void> {
  const asked = await client.post('/api/auth/password/forgot', { email: freshEmail() }, { headers });
  const requestId = asked.headers.get('X-Request-Id');
  await openDatabase(String(client.env.DATABASE_URL)).query(sql`
    INSERT INTO mail_outbox (id, kind, recipient, recipient_key, client_key, network_key, request_id, expires_at,
      finished_at, outcome)
    SELECT gen_random_uuid(), m.kind, m.recipient, m.recipient_key || n, m.client_key, m.network_key, gen_random_uuid(),
      m.expires_at, m.finished_at, m.outcome
    FROM mail_outbox m, generate_series(2, ${count}::int) n WHERE m.request_id = ${requestId}::uuid`);
}

function bytesOf(secret: unknown): Uint8Array {
  return Uint8Array.from(atob(String(secret)), (character) => character.charCodeAt(0));
}
