import type { Deps } from '../../deps.ts';
import { createOneTimeToken, oneTimeTokenErrors, readOneTimeToken } from '../one-time-tokens/index.ts';
import { confirmChange, findTokenOwner } from './queries.ts';

/**
 * Gives the account the address that the link was sent to, which the link verifies. The former address gets a mail
 * with a revert link, valid for seven days. Sessions and known devices stay, since the owner made the change. Links
 * sent to the former address are revoked. Of several uses of one link, or several accounts changing to one address,
 * exactly one succeeds. Round trips: 2; 0 for a forged token.
 * @throws AuthError token_invalid also when somebody else has taken the address, or can still have it back, or the
 * account is banned
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
