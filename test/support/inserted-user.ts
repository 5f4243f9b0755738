import { signAccessToken } from '../../src/access-tokens/access-token.ts';
import { addressOf } from '../../src/address/address-key.ts';
import { encodeBase32 } from '../../src/crypto/base32.ts';
import type { Keyring } from '../../src/crypto/keyring.ts';
import { hashPassword } from '../../src/crypto/password-hash.ts';
import { createTotpSecret } from '../../src/crypto/totp.ts';
import { type Fragment, sql } from '../../src/db/sql.ts';
import { deviceTokenFor } from '../../src/features/known-devices/index.ts';
import { beginSession, type NewSession, type Opening } from '../../src/features/sessions/index.ts';
import { encodeRefreshToken, type Transport } from '../../src/features/sessions/refresh-token.ts';
import { createBackupCodes } from '../../src/features/two-factor/backup-codes/backup-code.ts';
import { storeBackupCodes } from '../../src/features/two-factor/backup-codes/store-backup-codes.sql.ts';
import { sealSecret } from '../../src/features/two-factor/totp-secret.ts';
import { insertUser, startTwoFactor } from '../../src/features/users/index.ts';
import { loadRuntime, type Runtime } from '../../src/runtime.ts';
import { freshClient, freshEmail, password } from './accounts.ts';
import { cheapParameters, type TestClient } from './client.ts';
import { openDatabase } from './database.ts';
import { broughtGates } from './feature-examples.ts';

/** Somebody with one session in both transports. */
export interface InsertedUser {
  readonly email: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly accessToken: string;
  readonly bodyToken: string;
  readonly cookieToken: string;
  /** Of the device of the session. */
  readonly deviceToken: string;
}

/** Somebody who has turned two-factor on: the session has just passed it. */
export interface TwoFactorUser extends InsertedUser {
  /** What their app shows the codes of, in base32. */
  readonly secret: string;
  readonly backupCodes: readonly string[];
  /** The one for the body, as answers name it. */
  readonly refreshToken: string;
}

/** A user, and the statements that store them by the service's own fragments: one batch, in this order. */
export interface NewUser<U extends InsertedUser = InsertedUser> {
  readonly user: U;
  readonly session: NewSession;
  readonly statements: readonly Fragment[];
}

interface UserOptions {
  /** What opened the session: the password alone by default. */
  readonly proof?: Opening['proof'];
  readonly isVerified?: boolean;
  /** When, in milliseconds since 1970. */
  readonly now?: number;
}

const byPassword = { method: 'password', amr: ['pwd'], isSecondStep: false };

// The same for all of them: accounts that have just registered differ by their salt alone.
let knownHash: string | undefined;

/** A hash of the password that all accounts of the tests have. */
export async function cheapHash(): Promise<string> {
  knownHash ??= await hashPassword(password, cheapParameters);
  return knownHash;
}

/** What the service makes of the environment of a client. */
export async function runtimeOf({ env }: TestClient): Promise<Runtime> {
  const runtime = await loadRuntime(env);
  if (runtime instanceof Error) throw runtime;
  return runtime;
}

/** Stores somebody who has registered, and whose address is verified since. */
export async function insertVerifiedUser(client: TestClient): Promise<InsertedUser> {
  const { user, statements } = await newUser(await runtimeOf(client), { isVerified: true });
  await storeUsers(client, statements, [user.userId]);
  return user;
}

/** Stores a user who has turned two-factor on, and passes every gate. */
export async function insertTwoFactorUser(client: TestClient): Promise<TwoFactorUser> {
  const { user, statements } = await newTwoFactorUser(await runtimeOf(client));
  await storeUsers(client, statements, [user.userId]);
  return user;
}

/** Runs the statements that store these users, who pass every gate. */
export async function storeUsers(
  { env }: TestClient,
  statements: readonly Fragment[],
  userIds: readonly string[],
): Promise<void> {
  const gates = userIds.flatMap((id) => broughtGates.map((passGate) => passGate(id)));
  await openDatabase(String(env.DATABASE_URL)).batch([...statements, ...gates]);
}

/** A user who has just registered, or signed in by another proof. */
export async function newUser(
  { config, keys, keyring }: Runtime,
  { proof = byPassword, isVerified = false, now = Date.now() }: UserOptions = {},
): Promise<NewUser> {
  const [userId, sessionId, deviceId] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
  const email = freshEmail();
  const session: NewSession = {
    ...{ id: sessionId, deviceId, device: null, userAgent: null, location: null },
    ...{ ...config.session, hasCookieToken: true, hasBodyToken: true },
    ipAddress: freshClient()['CF-Connecting-IP'],
  };
  const opening = { session, proof, secondFactors: [], isVerificationRequired: false };
  const claims = { userId, sessionId, authTime: Math.floor(now / 1000), amr: proof.amr };
  const refreshToken = (transport: Transport) =>
    encodeRefreshToken(keyring, { sessionId, transport, counter: 0 });
  const user = {
    ...{ id: userId, address: addressOf(keyring, email) },
    ...{ name: 'Test User', passwordHash: await cheapHash(), locale: null },
  };
  return {
    user: {
      ...{ email, userId, sessionId, bodyToken: refreshToken('body'), cookieToken: refreshToken('cookie') },
      accessToken: await signAccessToken(keys, config.accessToken, claims, now),
      deviceToken: deviceTokenFor(keyring, { id: deviceId, accounts: [] }, { userId, generation: 0 }),
    },
    session,
    statements: [
      insertUser(user, sql`false`),
      beginSession(sql`SELECT ${userId}::uuid AS user_id`, opening),
      ...(isVerified ? [sql`UPDATE users SET email_verified_at = now() WHERE id = ${userId}::uuid`] : []),
    ],
  };
}

/** A user who has turned two-factor on, and the statements that store them. */
export async function newTwoFactorUser(runtime: Runtime): Promise<NewUser<TwoFactorUser>> {
  const proof = { method: 'password', amr: ['pwd', 'otp', 'mfa'], isSecondStep: true };
  const { user, session, statements } = await newUser(runtime, { proof, isVerified: true });
  const secret = createTotpSecret();
  const { codes: backupCodes, hashes } = createBackupCodes();
  const owner = sql`(SELECT ${user.userId}::uuid AS user_id)`;
  return {
    user: { ...user, refreshToken: user.bodyToken, secret: encodeBase32(secret), backupCodes },
    session,
    statements: [
      ...statements,
      await insertFactor(runtime.keyring, user.userId, secret, true),
      startTwoFactor(owner),
      storeBackupCodes(owner, hashes),
      sql`
        INSERT INTO second_factor_devices (user_id, device_id, completed_at, added_at)
        VALUES (${user.userId}::uuid, ${session.deviceId}::uuid, now(), now())`,
      sql`UPDATE users SET closing_number = 1 WHERE id = ${user.userId}::uuid`,
    ],
  };
}

/** Stores an authenticator that is asked for, or one that waits for its first code. */
export async function insertFactor(
  keyring: Keyring,
  userId: string,
  secret: Uint8Array,
  isOn: boolean,
): Promise<Fragment> {
  const id = crypto.randomUUID();
  const usedAt = sql`CASE WHEN ${isOn}::boolean THEN now() END`;
  return sql`
    INSERT INTO factors (id, user_id, kind, name, secret_sealed, added_at, held_since, last_used_at)
    VALUES (${id}::uuid, ${userId}::uuid, 'totp', 'Authenticator app', ${await sealSecret(keyring, secret, { id, userId })},
      ${usedAt}, ${usedAt}, ${usedAt})`;
}
