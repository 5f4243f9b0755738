import { addressOf } from '../../address/address-key.ts';
import type { Deps } from '../../deps.ts';
import { createOneTimeToken } from '../one-time-tokens/index.ts';
import {
  type FoundWayBack,
  giveAddressBack,
  type TakeBack,
  type WayBackToken,
} from './give-address-back.sql.ts';

/**
 * Gives an account the address back that a link is about, whatever address it has now: an intruder may have changed it
 * twice, may know the password and may have sessions. Therefore the password is cleared, all sessions end, no device is
 * known any longer, and the address that is back gets a reset link. The one that it replaces gets a notice; where the
 * account has left a corrected address for it, a link that has the last word (LNK-12). Round trips: 1. False when the link
 * cannot do it any longer.
 */
export async function takeBack(deps: Deps, presented: WayBackToken, way: FoundWayBack): Promise<boolean> {
  const { db, metadata, mail, keyring } = deps;
  const rules = await deps.loadRules();
  const token = createOneTimeToken(keyring, 'reset_password');
  const reset = { token, mail: await mail.prepare('reset_password', token, [way.target_email]) };
  const lastWord = await prepareLastWord(deps, way);
  const isDone = await giveAddressBack(db, { presented, way, reset, lastWord }, metadata, rules.credentials);
  if (isDone) mail.sendSoon();
  return isDone;
}

async function prepareLastWord({ mail, keyring }: Deps, way: FoundWayBack): Promise<TakeBack['lastWord']> {
  const { way_back: kind, replaced_by: email, target_email: target } = way;
  if (kind !== 'corrected' || email === target) return null;
  const token = createOneTimeToken(keyring, 'revert_email');
  // It was written by a change, so it is canonical.
  const [key] = addressOf(keyring, email).keys;
  return { token, mail: await mail.prepare('email_changed', token, [email]), email, key };
}
