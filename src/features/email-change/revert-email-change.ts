import type { Deps } from '../../deps.ts';
import { oneTimeTokenErrors, readOneTimeToken } from '../one-time-tokens/index.ts';
import { findWayBack, isOpen, takeBack } from '../way-back/index.ts';

/**
 * Restores the address that the link was sent to, and ends every other way into the account (see `takeBack`). Round trips:
 * 2; 0 for a forged token.
 * @throws AuthError token_invalid also when another account has the address, or the account is banned
 */
export async function revertEmailChange(deps: Deps, tokenText: string): Promise<void> {
  const presented = readOneTimeToken(deps.keyring, ['revert_email'], tokenText);
  const way = presented && (await findWayBack(deps.db, presented));
  if (presented === null || way === null || !isOpen(way)) throw oneTimeTokenErrors.token_invalid();
  if (!(await takeBack(deps, presented, way))) throw oneTimeTokenErrors.token_invalid();
}
