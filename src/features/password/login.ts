import { DatabaseError } from '../../db/database-error.ts';
import type { Deps } from '../../deps.ts';
import { log } from '../../log.ts';
import type { NewSession, Transport } from '../sessions/index.ts';
import { passwordErrors } from './errors.ts';
import { findAccountByEmail, openLoginSession, type SignedInRow } from './queries.ts';
import { completeSignIn, passwordSession, type SignIn } from './sign-in.ts';

export interface LoginInput {
  readonly email: string;
  readonly password: string;
  readonly transport: Transport | undefined;
}

/**
 * Signs in with e-mail and password. Every failure does the same work, one read and one hash, and gives the same
 * answer: unknown address, wrong password, no password, banned. Round trips: 2; 1 for a failure.
 * @throws AuthError invalid_credentials
 */
export async function login(deps: Deps, input: LoginInput): Promise<SignIn> {
  const session = await passwordSession(deps, input.transport);
  // A second look only where the stored hash changed under our hands, as when two logins replace an old hash at once.
  const row = (await attempt(deps, input, session)) ?? (await attempt(deps, input, session));
  if (row === null) throw passwordErrors.invalid_credentials();
  return completeSignIn(deps, session, row);
}

async function attempt(deps: Deps, input: LoginInput, session: NewSession): Promise<SignedInRow | null> {
  const { db, hasher, client, effects } = deps;
  const account = await findAccountByEmail(db, input.email);
  const check = await hasher.verify(account?.password_hash ?? null, input.password);
  if (account !== null && account.password_hash !== null && check.isMalformed) {
    log('error', 'stored_password_hash_malformed', { requestId: client.requestId, userId: account.id });
  }
  if (account === null || account.password_hash === null || account.is_banned || !check.matches) {
    throw passwordErrors.invalid_credentials();
  }
  const verified = { userId: account.id, passwordHash: account.password_hash };
  const open = (newHash: string | null) =>
    openLoginSession(db, { ...verified, newHash }, session, client, effects.loggedIn);
  if (!check.needsRehash) return open(null);
  const newHash = await hasher.hash(input.password);
  try {
    return await open(newHash);
  } catch (error) {
    // The better hash can wait for the next login; the person need not (SECURITY HSH-07).
    if (!(error instanceof DatabaseError) || error.outcome === 'unknown') throw error;
    log('warn', 'password_rehash_failed', { requestId: client.requestId, userId: account.id, cause: error });
    return open(null);
  }
}
