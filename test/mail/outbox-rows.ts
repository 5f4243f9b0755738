import { createKeyring } from '../../src/crypto/keyring.ts';
import { type Fragment, sql } from '../../src/db/sql.ts';
import {
  isCodeMail,
  linkPaths,
  type MailFacts,
  type MailKind,
  type SealedMailKind,
} from '../../src/mail/mail-kind.ts';
import { prepareMail } from '../../src/mail/prepared-mail.ts';
import type { TestClient } from '../support/client.ts';
import { openDatabase } from '../support/database.ts';

/** A row of the outbox as it stands. */
export interface OutboxRow {
  readonly id: string;
  readonly sealed: string | null;
  readonly facts: unknown;
  readonly attempts: number;
  readonly outcome: string | null;
  /** Seconds until it is due. */
  readonly dueIn: number;
}

interface NewMail {
  readonly kind?: MailKind;
  readonly recipient?: string;
  readonly operationId?: string;
  readonly locale?: string;
  readonly facts?: MailFacts;
  /** What its link carries, or its code, where that matters. */
  readonly token?: string;
  readonly expiresInSeconds?: number;
}

/** What the links of these tests carry. */
export const token = 'canary-token_0123456789-abcdefghijklmnopqrstuvw';

const noFacts: MailFacts = { userAgent: null, location: null };

/** Puts a mail into the outbox as a statement of the service would, and gives its id. */
export async function queue(client: TestClient, mail: NewMail = {}): Promise<string> {
  const { kind = 'verify_email', recipient = 'reader@example.com', facts = noFacts } = mail;
  const isSealed = isSealedKind(kind);
  const { id, sealed } = await prepareMail(keyringOf(client), isSealed ? kind : 'verify_email', [recipient], {
    ...{ token: mail.token ?? token, facts, ttlSeconds: 3600 },
  });
  await run(
    client,
    sql`
      INSERT INTO mail_outbox (id, kind, recipient, locale, request_id, operation_id, sealed, facts, expires_at) VALUES
        (${id}::uuid, ${kind}, ${recipient}, ${mail.locale ?? null}, gen_random_uuid(), ${mail.operationId ?? null}::uuid,
          ${isSealed ? sealed[0] : null}, ${isSealed ? null : JSON.stringify(facts)}::jsonb,
          now() + make_interval(secs => ${mail.expiresInSeconds ?? 3600}::int))`,
  );
  return id;
}

function isSealedKind(kind: MailKind): kind is SealedMailKind {
  return Object.hasOwn(linkPaths, kind) || isCodeMail(kind);
}

export function keyringOf({ env }: TestClient) {
  const bytesOf = (secret: unknown) => Uint8Array.from(atob(String(secret)), (text) => text.charCodeAt(0));
  const { AUTH_SECRET: current, AUTH_SECRET_PREVIOUS: previous } = env;
  return createKeyring(bytesOf(current), previous === undefined ? previous : bytesOf(previous));
}

export async function rowOf(client: TestClient, id: string): Promise<OutboxRow> {
  const [row] = await run<OutboxRow>(
    client,
    sql`
      SELECT id, sealed, facts, attempts, outcome, extract(epoch FROM next_attempt_at - now())::float8 AS "dueIn"
      FROM mail_outbox WHERE id = ${id}::uuid`,
  );
  return row!;
}

/** Lets the time until the next try pass. */
export async function makeDue(client: TestClient): Promise<void> {
  await run(client, sql`UPDATE mail_outbox SET next_attempt_at = now() WHERE finished_at IS NULL`);
}

export function run<R>(client: TestClient, statement: Fragment): Promise<R[]> {
  return openDatabase(String(client.env.DATABASE_URL)).query<R>(statement);
}
