import type { Deps } from '../../deps.ts';
import { log } from '../../log.ts';
import { checkAttempt, tooManyAttempts } from '../../rate-limit/attempts.ts';
import { oneTimeTokenErrors } from '../one-time-tokens/index.ts';
import { linkHolderErrors } from './errors.ts';
import { recordWrongPassword } from './record-wrong-password.sql.ts';
import type { LinkHolder } from './reserve-holder-check.sql.ts';

/** What a link is for, and how it is told whose it is. */
export interface LinkWork<Holder extends LinkHolder, Row> {
  /** Undefined when it was omitted. */
  readonly password: string | undefined;
  /** Runs `reserveHolderCheck`; null when the token cannot be consumed. Round trips: 1. */
  readonly find: (isChecked: boolean) => Promise<Holder | null>;
  /** Does it while the compared hash is still the stored one; null when it is not. */
  readonly run: (holder: Holder) => Promise<Row | null>;
}

/**
 * Does what a link is for once its holder has shown, by the password, that the account is theirs. The check is reserved
 * before anything is hashed, and the token stays unspent until the password is right. A live session of the account
 * comes first, and then the password is ignored: the flow tries it before this, or `find` tells. Round trips: those of
 * `find` and `run`, and one each more if the stored hash changed in between.
 * @throws AuthError token_invalid before anything about the password; also for the loser of a race
 * @throws AuthError password_required also when it is wrong, which counts like a failed login
 * @throws AuthError too_many_attempts
 * @throws AuthError overloaded
 */
export async function withHolderPassword<Holder extends LinkHolder, Row>(
  deps: Deps,
  { password, find, run }: LinkWork<Holder, Row>,
): Promise<Row> {
  const { db, config, hasher } = deps;
  if (password !== undefined) hasher.requireRoom();
  const holder = await find(password !== undefined);
  if (holder === null) throw oneTimeTokenErrors.token_invalid();
  if (holder.is_by_session === true) {
    const row = await run(holder);
    if (row === null) throw oneTimeTokenErrors.token_invalid();
    return row;
  }
  if (password === undefined) throw linkHolderErrors.password_required();
  const { bucket } = holder;
  if (holder.number === null) throw tooManyAttempts(config.loginAttempts, holder.retry_after_seconds);
  return checkAttempt(db, bucket, config.loginAttempts, async () => {
    await verify(deps, holder, password);
    const row = await run(holder);
    if (row !== null) return row;
    // Tried twice, in case the stored hash changes in between, as when a login replaces a legacy hash.
    const latest = await find(false);
    if (latest === null) throw oneTimeTokenErrors.token_invalid();
    await verify(deps, latest, password);
    const second = await run({ ...latest, bucket });
    if (second === null) throw oneTimeTokenErrors.token_invalid();
    return second;
  });
}

/** Returns if the password is correct; costs one hash in either case. */
async function verify(
  { db, hasher, metadata }: Deps,
  { user_id: userId, password_hash: passwordHash }: LinkHolder,
  password: string,
): Promise<void> {
  const check = await hasher.verify(passwordHash, password);
  if (check.isMalformed)
    log('error', 'stored_password_hash_malformed', { requestId: metadata.requestId, userId });
  if (passwordHash !== null && check.matches) return;
  await recordWrongPassword(db, userId, metadata);
  throw linkHolderErrors.password_required();
}
