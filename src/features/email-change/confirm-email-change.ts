import type { Deps } from '../../deps.ts';
import { createOneTimeToken, oneTimeTokenErrors, readOneTimeToken } from '../one-time-tokens/index.ts';
import { confirmChange, findTokenOwner } from './queries.ts';

/**
 * Gives the account the address that the link was sent to, which is proved by that. The address before gets a mail with a
 * way back for seven days. Sessions and known devices stay: it is their owner who has moved. What was sent to the address
 * before to get into the account is dead. Of several uses of one link, or several accounts on their way to one address,
 * exactly one succeeds. Round trips: 2, none for a forged token.
 * @throws AuthError token_invalid also where somebody has taken the address meanwhile, or can have it back, or the account
 * is banned
 */
export async function confirmEmailChange(deps: Deps, tokenText: string): Promise<void> {
  const { db, metadata, effects, mail, keyring } = deps;
  const presented = readOneTimeToken(keyring, ['change_email'], tokenText);
  const owner = presented && (await findTokenOwner(db, presented));
  if (presented === null || owner === null) throw oneTimeTokenErrors.token_invalid();
  const revertToken = createOneTimeToken(keyring, 'revert_email');
  const change = {
    ...{ presented, owner, revertToken },
    consumedBy: crypto.randomUUID(),
    mail: await mail.prepare('email_changed', revertToken, [owner.email]),
  };
  const isConfirmed = await confirmChange(db, change, metadata, effects);
  mail.sendSoon();
  if (!isConfirmed) throw oneTimeTokenErrors.token_invalid();
}
