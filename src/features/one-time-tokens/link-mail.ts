import type { PresentedEmail } from '../../address/presented-email.ts';
import type { Deps } from '../../deps.ts';
import type { MailDetails } from '../../mail/mailer.ts';
import type { PreparedMail } from '../../mail/prepared-mail.ts';
import { isReservedEmail } from '../users/index.ts';
import { createOneTimeToken, type NewOneTimeToken } from './one-time-token.ts';

/** A link and its mail, both made before the statement. */
export interface LinkMail {
  readonly token: NewOneTimeToken;
  readonly mail: PreparedMail;
}

/** The kind of token in each kind of mail. */
const tokenKinds = {
  account_locked: 'unlock',
  new_device: 'not_me',
  activity_disowned: 'not_me',
  password_changed: 'not_me',
  two_factor_enabled: 'not_me',
  identity_linked: 'not_me',
  reset_password: 'reset_password',
  password_withdrawn: 'reset_password',
  email_changed: 'revert_email',
  verify_email: 'verify_email',
  confirm_registration: 'confirm_registration',
} as const;

/**
 * Prepares a mail to the account of the address, in whatever spelling it is stored; to nobody if the address is
 * reserved.
 */
export async function prepareLink(
  { mail, keyring }: Pick<Deps, 'mail' | 'keyring'>,
  { address, spellings }: PresentedEmail,
  kind: keyof typeof tokenKinds,
  details?: MailDetails,
): Promise<LinkMail> {
  const token = createOneTimeToken(keyring, tokenKinds[kind]);
  return { token, mail: await mail.prepare(kind, token, isReservedEmail(address) ? [] : spellings, details) };
}

/** The same for the account at this address, as it is stored. */
export function prepareLinkTo(
  deps: Pick<Deps, 'mail' | 'keyring'>,
  email: string,
  kind: keyof typeof tokenKinds,
  details?: MailDetails,
): Promise<LinkMail> {
  return prepareLink(deps, { address: email, spellings: [email] }, kind, details);
}
