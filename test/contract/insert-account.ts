import { addressOf } from '../../src/address/address-key.ts';
import { signAccessToken } from '../../src/crypto/jwt.ts';
import { type Fragment, sql } from '../../src/db/sql.ts';
import { createOneTimeToken, type OneTimeTokenKind } from '../../src/features/one-time-tokens/index.ts';
import { recordEvents } from '../../src/features/security-events/index.ts';
import {
  type BegunRow,
  beginSession,
  begunColumns,
  begunNow,
  fromBegun,
  type NewSession,
  type Opening,
} from '../../src/features/sessions/index.ts';
import { encodeRefreshToken } from '../../src/features/sessions/refresh-token.ts';
import { insertUser } from '../../src/features/users/index.ts';
import { loadRuntime, type Runtime } from '../../src/runtime.ts';
import { freshClient, freshEmail } from '../support/accounts.ts';
import type { TestClient } from '../support/client.ts';
import { openDatabase } from '../support/database.ts';
import { passEveryGate } from '../support/pass-gates.ts';
import { type Account, type Caller, dropPassword } from './route-table.ts';
import { newSocialAccount } from './social-account.ts';
import { cheapHash, newTwoFactorAccount } from './two-factor-account.ts';

/**
 * Somebody as `registerAccount` leaves them where no address is verified: the same rows by the service's own fragments,
 * but in one batch, so that every request of a test can have an account. insert-account.test.ts compares the two.
 */
export async function insertAccount({ env }: TestClient): Promise<Account> {
  const runtime = await loadRuntime(env);
  if (runtime instanceof Error) throw runtime;
  const { config, keys, keyring } = runtime;
  const passwordHash = await cheapHash();
  const [email, formerEmail, nextEmail] = [freshEmail(), freshEmail(), freshEmail()];
  const [userId, otherUserId, sessionId] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
  const link = (kind: OneTimeTokenKind, address = email, target: string | null = null) => ({
    ...createOneTimeToken(keyring, kind),
    ...{ address, target },
  });
  const links = {
    verify_email: link('verify_email'),
    reset_password: link('reset_password'),
    unlock: link('unlock'),
    not_me: link('not_me'),
    change_email: link('change_email', nextEmail, nextEmail),
    revert_email: link('revert_email', formerEmail, formerEmail),
  };
  const nowhere = { ipAddress: freshClient()['CF-Connecting-IP'], userAgent: null, location: null };
  const metadata = {
    ...nowhere,
    requestId: crypto.randomUUID(),
    operationId: crypto.randomUUID(),
    locale: null,
  };
  const session: NewSession = {
    ...{ ...nowhere, id: sessionId, device: null, deviceId: crypto.randomUUID(), ...config.session },
    ...{ hasCookieToken: true, hasBodyToken: true },
  };
  const user = {
    id: userId,
    address: addressOf(keyring, email),
    name: 'Test User',
    passwordHash,
    locale: null,
  };
  const opening: Opening = {
    ...{ session, secondFactors: [], isVerificationRequired: false },
    proof: { method: 'password', amr: ['pwd'], isSecondStep: false },
  };
  const begun = begunNow(session);
  const twoFactor = await newTwoFactorAccount(runtime, passwordHash);
  const social = await newSocialAccount(runtime, passwordHash);
  const passwordless = await newPasswordless(runtime);
  const [, , , , , rows] = await openDatabase(String(env.DATABASE_URL)).batch([
    insertUser(user, sql`false`),
    beginSession(sql`SELECT ${userId}::uuid AS user_id`, opening),
    recordEvents(begun, { type: 'user_created', outcome: 'success', method: 'password' }, metadata),
    sql`
      INSERT INTO users (id, email, name, two_factor_since)
      VALUES (${otherUserId}::uuid, ${freshEmail()}, 'Somebody Else', now())`,
    sql`
      INSERT INTO one_time_tokens (token_hash, kind, owner_id, email, target_email, expires_at)
      SELECT decode(l.hash, 'hex'), l.kind, ${userId}::uuid, l.address, l.target, now() + make_interval(secs => l."ttlSeconds")
      FROM json_to_recordset(${JSON.stringify(Object.values(links))}::json)
        AS l(hash text, kind text, address text, target text, "ttlSeconds" int)`,
    sql`SELECT ${begunColumns(sql`s`)} ${fromBegun(session)}`,
    ...twoFactor.statements,
    ...passwordless.statements,
    ...social.statements,
  ]);
  const others = [twoFactor.account, passwordless.account, social.account];
  for (const id of [userId, ...others.map((other) => other.userId)])
    await passEveryGate(String(env.DATABASE_URL), id);
  const begunRow = rows?.[0] as BegunRow | undefined;
  const claims = { userId, sessionId, authTime: begunRow?.auth_time ?? 0, amr: opening.proof.amr };
  const accessToken = await signAccessToken(keys, config.accessToken, claims, Date.now());
  const refreshToken = (transport: 'cookie' | 'body') =>
    encodeRefreshToken(keyring, { sessionId, transport, counter: 0 });
  return {
    ...{ email, userId, otherUserId, accessToken, refreshToken: refreshToken('body') },
    links: {
      verify_email: links.verify_email.token,
      reset_password: links.reset_password.token,
      unlock: links.unlock.token,
      not_me: links.not_me.token,
      change_email: links.change_email.token,
      revert_email: links.revert_email.token,
    },
    cookies: { '__Host-nexora_access': accessToken, '__Host-nexora_refresh': refreshToken('cookie') },
    ...{ twoFactor: twoFactor.account, passwordless: passwordless.account, social: social.account },
  };
}

/** Somebody who has registered and lost the password, and the statements that store them, in this order. */
async function newPasswordless({
  config,
  keys,
  keyring,
}: Runtime): Promise<{ account: Caller; statements: readonly Fragment[] }> {
  const [userId, sessionId, email] = [crypto.randomUUID(), crypto.randomUUID(), freshEmail()];
  const nowhere = { ipAddress: freshClient()['CF-Connecting-IP'], userAgent: null, location: null };
  const metadata = {
    ...{ ...nowhere, locale: null, requestId: crypto.randomUUID(), operationId: crypto.randomUUID() },
  };
  const session: NewSession = {
    ...{ ...nowhere, id: sessionId, device: null, deviceId: crypto.randomUUID(), ...config.session },
    ...{ hasCookieToken: true, hasBodyToken: true },
  };
  const amr = ['pwd'];
  const opening: Opening = {
    ...{ session, secondFactors: [], isVerificationRequired: false },
    proof: { method: 'password', amr, isSecondStep: false },
  };
  const user = {
    ...{ id: userId, address: addressOf(keyring, email) },
    ...{ name: 'Test User', passwordHash: await cheapHash(), locale: null },
  };
  const claims = { userId, sessionId, authTime: Math.floor(Date.now() / 1000), amr };
  const accessToken = await signAccessToken(keys, config.accessToken, claims, Date.now());
  const refreshToken = (transport: 'cookie' | 'body') =>
    encodeRefreshToken(keyring, { sessionId, transport, counter: 0 });
  return {
    account: {
      ...{ email, userId, accessToken, refreshToken: refreshToken('body') },
      cookies: { '__Host-nexora_access': accessToken, '__Host-nexora_refresh': refreshToken('cookie') },
    },
    statements: [
      insertUser(user, sql`false`),
      beginSession(sql`SELECT ${userId}::uuid AS user_id`, opening),
      recordEvents(
        begunNow(session),
        { type: 'user_created', outcome: 'success', method: 'password' },
        metadata,
      ),
      dropPassword(userId),
    ],
  };
}
