import { freshClient, otherPassword } from '../../support/accounts.ts';
import type { Answer, CallOptions, TestClient } from '../../support/client.ts';
import { tokenFrom } from '../../support/mailbox.ts';

/** Asks for a mail with a link for a new password. */
export function forget(
  client: TestClient,
  email: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return client.post('/api/auth/password/forgot', { email }, { headers });
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
