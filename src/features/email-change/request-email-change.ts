import type { Deps } from '../../deps.ts';
import { createOneTimeToken } from '../one-time-tokens/index.ts';
import { type CallerIds, requireRecentAuthentication } from '../sessions/index.ts';
import { isReservedEmail } from '../users/index.ts';
import { emailChangeErrors } from './errors.ts';
import { requestChange } from './queries.ts';

/**
 * Sends an e-mail change link to the new address. Nothing changes until it is followed, and earlier links of this
 * kind are revoked. If the address belongs to somebody else, they get a notice instead, which the caller cannot tell:
 * answer, events and export are the same (ENU-04, EML-08). Over the limit of mails nothing happens, and for the demo
 * user's address nothing ever does. Round trips: 1.
 * @throws AuthError unauthenticated
 * @throws AuthError reauthentication_required
 * @throws AuthError email_unchanged
 */
export async function requestEmailChange(deps: Deps, caller: CallerIds, newEmail: string): Promise<void> {
  const { db, metadata, effects, mail, keyring } = deps;
  const token = createOneTimeToken(keyring, 'change_email');
  const change = {
    newEmail,
    isReserved: isReservedEmail(newEmail),
    token,
    mail: await mail.prepare('confirm_email_change', token, [newEmail]),
    budget: mail.budget('email_change', newEmail),
  };
  const row = await requestChange(db, caller, change, metadata, effects.emailChangeRequested);
  mail.sendSoon();
  if (requireRecentAuthentication(row).is_unchanged) throw emailChangeErrors.email_unchanged();
}
