import type { Deps } from '../../deps.ts';
import { createOneTimeToken } from '../one-time-tokens/index.ts';
import { type CallerIds, requireRecentAuthentication } from '../sessions/index.ts';
import { isReservedEmail } from '../users/index.ts';
import { emailChangeErrors } from './errors.ts';
import { requestChange } from './queries.ts';

/**
 * Sends a link to the address that the caller's account is to have; nothing changes until it is followed, and an earlier
 * link of this kind is dead. Where the address belongs to somebody else, they are told instead, and the caller is not:
 * answer, events and export are the same (ENU-04, EML-08). Over the limit of mails nothing happens, and for the
 * demo user's address nothing ever does. Round trips: 1.
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
