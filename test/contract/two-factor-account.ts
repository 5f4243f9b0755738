import { encodeBase32 } from '../../src/crypto/base32.ts';
import { createTotpSecret } from '../../src/crypto/totp.ts';
import { type Fragment, sql } from '../../src/db/sql.ts';
import {
  companionToken,
  createOneTimeToken,
  issueToken,
  type NewOneTimeToken,
} from '../../src/features/one-time-tokens/index.ts';
import {
  type NewTrustedDevice,
  trustDevice,
  trustedDeviceTokenFor,
} from '../../src/features/trusted-devices/index.ts';
import { announceTwoFactorReset } from '../../src/features/users/index.ts';
import type { Runtime } from '../../src/runtime.ts';
import type { TestClient } from '../support/client.ts';
import { insertFactor, newTwoFactorUser, runtimeOf, storeUsers } from '../support/inserted-user.ts';
import { callerOf, type Made } from './new-caller.ts';
import type { Caller } from './route-table.ts';

/**
 * Somebody who has turned two-factor on: the session has just passed it. Their sign-in on another device has come to its
 * challenge, they set up another authenticator, and an operator's reset waits for its time.
 */
export interface TwoFactorAccount extends Caller {
  /** What their app shows the codes of, in base32. */
  readonly secret: string;
  readonly backupCodes: readonly string[];
  /** Of the authenticator that waits for its first code. */
  readonly setupSecret: string;
  /** For the body. The cookie is among `cookies`. */
  readonly challengeToken: string;
  readonly trustedDeviceId: string;
  readonly trustedDeviceToken: string;
  /** Of the mail about the reset. */
  readonly keepToken: string;
}

/** How long an operator's reset waits by default. */
const delayHours = 24;

/** Stores such an account. */
export async function insertTwoFactorAccount(client: TestClient): Promise<TwoFactorAccount> {
  const { account, statements } = await newTwoFactorAccount(await runtimeOf(client));
  await storeUsers(client, statements, [account.userId]);
  return account;
}

/** Such an account, and the statements that store it by the service's own fragments: one batch, in this order. */
export async function newTwoFactorAccount(runtime: Runtime): Promise<Made<TwoFactorAccount>> {
  const { keyring } = runtime;
  const { user, statements } = await newTwoFactorUser(runtime);
  const { userId, secret, backupCodes } = user;
  const caller = callerOf(user);
  const setupSecret = createTotpSecret();
  const challenge = createOneTimeToken(keyring, 'two_factor_challenge');
  const keep = createOneTimeToken(keyring, 'keep_two_factor');
  const trusted = { id: crypto.randomUUID(), device: null, location: null, presented: [] };
  return {
    account: {
      ...{ ...caller, secret, backupCodes, setupSecret: encodeBase32(setupSecret) },
      ...{ challengeToken: challenge.token, keepToken: keep.token, trustedDeviceId: trusted.id },
      trustedDeviceToken: trustedDeviceTokenFor({ keyring }, trusted, userId),
      cookies: {
        ...caller.cookies,
        '__Host-nexora_challenge': companionToken(keyring, challenge, 'challenge_cookie'),
      },
    },
    statements: [
      ...statements,
      await insertFactor(keyring, userId, setupSecret, false),
      ...storeTokens(userId, { challenge, keep, trusted }),
    ],
  };
}

interface Tokens {
  readonly challenge: NewOneTimeToken;
  readonly keep: NewOneTimeToken;
  readonly trusted: NewTrustedDevice;
}

function storeTokens(userId: string, { challenge, keep, trusted }: Tokens): Fragment[] {
  const owner = sql`(SELECT ${userId}::uuid AS user_id)`;
  const holder = sql`(
    SELECT u.id AS user_id, u.email, u.two_factor_reset_at FROM users u WHERE u.id = ${userId}::uuid)`;
  const ofHolder = { owner: sql`s.user_id`, email: sql`s.email` };
  const firstStep = JSON.stringify({ method: 'password', amr: ['pwd'], transport: null });
  return [
    announceTwoFactorReset(userId, delayHours),
    issueToken(holder, keep, { ...ofHolder, expiresAt: sql`s.two_factor_reset_at` }),
    issueToken(holder, challenge, { ...ofHolder, challenge: sql`${firstStep}::jsonb` }),
    trustDevice(owner, trusted),
  ];
}
