import { sql } from '../../../src/db/sql.ts';
import { mailClient } from '../../../src/mail/mail-client.ts';
import { freshClient, otherPassword } from '../../support/accounts.ts';
import type { Answer, CallOptions, TestClient } from '../../support/client.ts';
import { openDatabase } from '../../support/database.ts';
import { tokenFrom } from '../../support/mailbox.ts';
import { keyringOf } from '../sessions/session-fixtures.ts';

/** Asks for a mail with a link for a new password. */
export function forget(
  client: TestClient,
  email: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return client.post('/api/auth/password/forgot', { email }, { headers });
}

/** Lets the client have caused so many mails in this hour, each to an address of its own. */
export async function causeMails(
  client: TestClient,
  headers: { readonly 'CF-Connecting-IP': string },
  count: number,
): Promise<void> {
  const { clientKey, networkKey } = mailClient(keyringOf(client), headers['CF-Connecting-IP']);
  await openDatabase(String(client.env.DATABASE_URL)).query(sql`
    INSERT INTO mail_outbox (id, kind, recipient, client_key, network_key, request_id, expires_at, finished_at, outcome)
    SELECT gen_random_uuid(), 'reset_password', '', ${clientKey}, ${networkKey}, gen_random_uuid(), now(), now(), 'dropped'
    FROM generate_series(1, ${count}::int)`);
}

/** Asks for the mail and returns the token in it. */
export async function linkFor(client: TestClient, email: string): Promise<string> {
  await forget(client, email, freshClient());
  return tokenFrom(client, email, 'reset_password');
}

/** Uses such a link. */
export function reset(
  client: TestClient,
  token: string,
  password: string = otherPassword,
  options: Omit<CallOptions, 'body'> = {},
): Promise<Answer> {
  return client.post('/api/auth/password/reset', { token, password, confirmPassword: password }, options);
}
