import { addressOf } from '../../src/address/address-key.ts';
import { signAccessToken } from '../../src/crypto/jwt.ts';
import { type Fragment, sql } from '../../src/db/sql.ts';
import { beginSession, type NewSession, type Opening } from '../../src/features/sessions/index.ts';
import { encodeRefreshToken } from '../../src/features/sessions/refresh-token.ts';
import { insertUser } from '../../src/features/users/index.ts';
import type { Runtime } from '../../src/runtime.ts';
import { freshClient, freshEmail } from '../support/accounts.ts';
import type { Caller } from './route-table.ts';
import { cheapHash } from './two-factor-account.ts';

/** What an account of the tests is made of: who it is, and the statements that store it, in this order. */
export interface Made<T> {
  readonly account: T;
  readonly statements: readonly Fragment[];
}

/** Somebody with a password and a session that the proof has opened, by the service's own fragments. */
export async function newCaller(
  { config, keys, keyring }: Runtime,
  proof: Opening['proof'],
  isVerified: boolean,
): Promise<Made<Caller> & { readonly session: NewSession }> {
  const [userId, sessionId, email] = [crypto.randomUUID(), crypto.randomUUID(), freshEmail()];
  const session: NewSession = {
    ...{ id: sessionId, deviceId: crypto.randomUUID(), device: null, userAgent: null, location: null },
    ...{ ...config.session, hasCookieToken: true, hasBodyToken: true },
    ipAddress: freshClient()['CF-Connecting-IP'],
  };
  const user = {
    ...{ id: userId, address: addressOf(keyring, email) },
    ...{ name: 'Test User', passwordHash: await cheapHash(), locale: null },
  };
  const claims = { userId, sessionId, authTime: Math.floor(Date.now() / 1000), amr: proof.amr };
  const accessToken = await signAccessToken(keys, config.accessToken, claims, Date.now());
  const refreshToken = (transport: 'cookie' | 'body') =>
    encodeRefreshToken(keyring, { sessionId, transport, counter: 0 });
  const verify = sql`UPDATE users SET email_verified_at = now() WHERE id = ${userId}::uuid`;
  const opening: Opening = { session, proof, secondFactors: [], isVerificationRequired: false };
  return {
    account: {
      ...{ email, userId, accessToken, refreshToken: refreshToken('body') },
      cookies: { '__Host-nexora_access': accessToken, '__Host-nexora_refresh': refreshToken('cookie') },
    },
    session,
    statements: [
      insertUser(user, sql`false`),
      ...(isVerified ? [verify] : []),
      beginSession(sql`SELECT ${userId}::uuid AS user_id`, opening),
    ],
  };
}
