import { addressOf } from '../../../address/address-key.ts';
import type { Deps } from '../../../deps.ts';
import { passGates } from '../../../joints/gate.ts';
import { createOneTimeToken } from '../../one-time-tokens/index.ts';
import type { CallerIds } from '../../sessions/index.ts';
import { emailChangeErrors } from '../errors.ts';
import { requestChange } from './request-change.sql.ts';

/**
 * Sends an e-mail change link to the new address. Nothing changes until it is followed, and earlier changes to other
 * addresses end. If the address belongs to somebody else, they get a notice instead, which the caller cannot tell: answer,
 * events and export are the same (ENU-04, EML-08). Over the client's limit of mails nothing happens, and for the demo
 * user's address nothing ever does. Round trips: 1.
 * @throws AuthError unauthenticated
 * @throws AuthError the refusal of a gate, such as reauthentication_required
 * @throws AuthError email_unchanged
 */
export async function requestEmailChange(deps: Deps, caller: CallerIds, newEmail: string): Promise<void> {
  const { db, metadata, mail, keyring } = deps;
  const rules = await deps.loadRules();
  const token = createOneTimeToken(keyring, 'change_email');
  const change = {
    ...{ address: addressOf(keyring, newEmail), token, client: mail.client },
    mail: await mail.prepare('confirm_email_change', token, [newEmail]),
  };
  const row = await requestChange(db, caller, change, metadata, rules);
  mail.sendSoon();
  if (passGates(rules, row).claim === 'own') throw emailChangeErrors.email_unchanged();
}
