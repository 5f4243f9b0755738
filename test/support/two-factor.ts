import { Secret, TOTP } from 'otpauth';
import { expect } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { freshClient, password } from './accounts.ts';
import type { Answer, CallOptions, TestClient } from './client.ts';
import { openDatabase } from './database.ts';
import { insertTwoFactorUser, type TwoFactorUser } from './inserted-user.ts';

export type { TwoFactorUser };

/** The code that an authenticator app shows, by another implementation than ours. */
export function codeAt(secret: string, time = Date.now()): string {
  return new TOTP({ secret: Secret.fromBase32(secret), algorithm: 'SHA1', digits: 6, period: 30 }).generate({
    timestamp: time,
  });
}

/** A code of six digits that no authenticator shows within a minute of now. */
export function wrongCode(secret: string): string {
  const near = [-60, -30, 0, 30, 60].map((seconds) => codeAt(secret, Date.now() + seconds * 1000));
  for (let candidate = 0; ; candidate++) {
    const code = String(candidate).padStart(6, '0');
    if (!near.includes(code)) return code;
  }
}

/** The present code, which counts although one of its time step was used already. */
export async function freshCode(
  client: TestClient,
  { secret, userId }: Pick<TwoFactorUser, 'secret' | 'userId'>,
): Promise<string> {
  await databaseOf(client).query(sql`UPDATE factors SET last_step = NULL WHERE user_id = ${userId}::uuid`);
  return codeAt(secret);
}

/** Lets the address of a user count as verified, as a setup asks for. */
export function markVerified(client: TestClient, userId: string): Promise<unknown> {
  return databaseOf(client).query(
    sql`UPDATE users SET email_verified_at = now() WHERE id = ${userId}::uuid AND email_verified_at IS NULL`,
  );
}

/** Somebody who has turned two-factor on, whom the routes have not made: setup.test.ts and insert-account.test.ts do. */
export const twoFactorUser = insertTwoFactorUser;

/** The first step of a sign-in: the answer with the challenge. */
export async function challenge(
  client: TestClient,
  { email }: { readonly email: string },
  overrides: Readonly<Record<string, unknown>> = {},
  options: Omit<CallOptions, 'body'> = {},
): Promise<Answer> {
  const answer = await client.post(
    '/api/auth/login',
    { email, password, ...overrides },
    { ...options, headers: { ...freshClient(), ...options.headers } },
  );
  expect(answer.status, answer.text).toBe(200);
  expect(answer.json).toMatchObject({ twoFactorRequired: true });
  return answer;
}

/** The second step of a sign-in, by the challenge of the body. */
export function completeChallenge(
  client: TestClient,
  { json }: Answer,
  proof: Readonly<Record<string, unknown>>,
  options: Omit<CallOptions, 'body'> = {},
): Promise<Answer> {
  const body = { challengeToken: json.challengeToken, ...proof };
  return client.post('/api/auth/login/two-factor', body, {
    ...options,
    headers: { ...freshClient(), ...options.headers },
  });
}

/** The second step by the code of the moment, which signs in. */
export async function completeWithCode(
  client: TestClient,
  first: Answer,
  user: TwoFactorUser,
  options: Omit<CallOptions, 'body'> = {},
): Promise<Answer> {
  const answer = await completeChallenge(client, first, { code: await freshCode(client, user) }, options);
  expect(answer.status, answer.text).toBe(200);
  return answer;
}

/** Signs in by password and a code, on a device that the account does not know unless `options` bring one. */
export async function signInWithCode(
  client: TestClient,
  user: TwoFactorUser,
  overrides: Readonly<Record<string, unknown>> = {},
  options: Omit<CallOptions, 'body'> = {},
): Promise<Answer> {
  return completeWithCode(client, await challenge(client, user, overrides, options), user, options);
}

function databaseOf(client: TestClient) {
  return openDatabase(String(client.env.DATABASE_URL));
}
