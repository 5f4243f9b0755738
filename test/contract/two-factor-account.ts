import { encodeBase32 } from '../../src/crypto/base32.ts';
import type { Keyring } from '../../src/crypto/keyring.ts';
import { hashPassword } from '../../src/crypto/password-hash.ts';
import { createTotpSecret } from '../../src/crypto/totp.ts';
import { type Fragment, sql } from '../../src/db/sql.ts';
import {
  companionToken,
  createOneTimeToken,
  issueToken,
  type NewOneTimeToken,
} from '../../src/features/one-time-tokens/index.ts';
import type { NewSession } from '../../src/features/sessions/index.ts';
import {
  type NewTrustedDevice,
  trustDevice,
  trustedDeviceTokenFor,
} from '../../src/features/trusted-devices/index.ts';
import { createBackupCodes } from '../../src/features/two-factor/backup-codes/backup-code.ts';
import { storeBackupCodes } from '../../src/features/two-factor/backup-codes/store-backup-codes.sql.ts';
import { sealSecret } from '../../src/features/two-factor/totp-secret.ts';
import { announceTwoFactorReset, startTwoFactor } from '../../src/features/users/index.ts';
import { loadRuntime, type Runtime } from '../../src/runtime.ts';
import { password } from '../support/accounts.ts';
import { cheapParameters, type TestClient } from '../support/client.ts';
import { openDatabase } from '../support/database.ts';
import { passEveryGate } from '../support/pass-gates.ts';
import { type Made, newCaller } from './new-caller.ts';
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
export async function insertTwoFactorAccount({ env }: TestClient): Promise<TwoFactorAccount> {
  const runtime = await loadRuntime(env);
  if (runtime instanceof Error) throw runtime;
  const { account, statements } = await newTwoFactorAccount(runtime);
  const databaseUrl = String(env.DATABASE_URL);
  await openDatabase(databaseUrl).batch(statements);
  await passEveryGate(databaseUrl, account.userId);
  return account;
}

// The same for all of them: accounts that have just registered differ by their salt alone.
let knownHash: string | undefined;

/** A hash of the password that all accounts of the tests have. */
export async function cheapHash(): Promise<string> {
  knownHash ??= await hashPassword(password, cheapParameters);
  return knownHash;
}

/** Such an account, and the statements that store it by the service's own fragments: one batch, in this order. */
export async function newTwoFactorAccount(runtime: Runtime): Promise<Made<TwoFactorAccount>> {
  const { keyring } = runtime;
  // What the second step opened.
  const proof = { method: 'password', amr: ['pwd', 'otp', 'mfa'], isSecondStep: true };
  const { account: caller, session, statements } = await newCaller(runtime, proof, true);
  const { userId } = caller;
  const [secret, setupSecret] = [createTotpSecret(), createTotpSecret()];
  const { codes: backupCodes, hashes } = createBackupCodes();
  const challenge = createOneTimeToken(keyring, 'two_factor_challenge');
  const keep = createOneTimeToken(keyring, 'keep_two_factor');
  const trusted = { id: crypto.randomUUID(), device: null, location: null, presented: [] };
  const factors = await Promise.all([
    insertFactor(keyring, userId, secret, true),
    insertFactor(keyring, userId, setupSecret, false),
  ]);
  return {
    account: {
      ...{ ...caller, backupCodes },
      ...{ secret: encodeBase32(secret), setupSecret: encodeBase32(setupSecret) },
      ...{ challengeToken: challenge.token, keepToken: keep.token, trustedDeviceId: trusted.id },
      trustedDeviceToken: trustedDeviceTokenFor({ keyring }, trusted, userId),
      cookies: {
        ...caller.cookies,
        '__Host-nexora_challenge': companionToken(keyring, challenge, 'challenge_cookie'),
      },
    },
    statements: [
      ...statements,
      ...factors,
      ...storeFactor(userId, { hashes, challenge, keep, trusted }, session),
    ],
  };
}

async function insertFactor(
  keyring: Keyring,
  userId: string,
  secret: Uint8Array,
  isOn: boolean,
): Promise<Fragment> {
  const id = crypto.randomUUID();
  return sql`
    INSERT INTO factors (id, user_id, kind, name, secret_sealed, added_at, held_since)
    VALUES (${id}::uuid, ${userId}::uuid, 'totp', 'Authenticator app', ${await sealSecret(keyring, secret, { id, userId })},
      CASE WHEN ${isOn}::boolean THEN now() END, CASE WHEN ${isOn}::boolean THEN now() END)`;
}

/** What is stored beside the authenticators. */
interface FactorParts {
  readonly hashes: readonly string[];
  readonly challenge: NewOneTimeToken;
  readonly keep: NewOneTimeToken;
  readonly trusted: NewTrustedDevice;
}

function storeFactor(
  userId: string,
  { hashes, challenge, keep, trusted }: FactorParts,
  { deviceId }: NewSession,
): Fragment[] {
  const owner = sql`(SELECT ${userId}::uuid AS user_id)`;
  const holder = sql`(
    SELECT u.id AS user_id, u.email, u.two_factor_reset_at FROM users u WHERE u.id = ${userId}::uuid)`;
  const ofHolder = { owner: sql`s.user_id`, email: sql`s.email` };
  const firstStep = JSON.stringify({ method: 'password', amr: ['pwd'], transport: null });
  return [
    startTwoFactor(owner),
    storeBackupCodes(owner, hashes),
    sql`
      INSERT INTO second_factor_devices (user_id, device_id, completed_at)
      VALUES (${userId}::uuid, ${deviceId}::uuid, now())`,
    announceTwoFactorReset(userId, delayHours),
    issueToken(holder, keep, { ...ofHolder, expiresAt: sql`s.two_factor_reset_at` }),
    issueToken(holder, challenge, { ...ofHolder, challenge: sql`${firstStep}::jsonb` }),
    trustDevice(owner, trusted),
  ];
}
