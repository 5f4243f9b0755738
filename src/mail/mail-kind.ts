import type { mails as englishMails } from '../languages/en/mails.ts';
import type { Device } from '../request/device.ts';
import type { Location } from '../request/request-metadata.ts';

/** The mails with a link, and the page that it opens. */
export const linkPaths = {
  /** To the address of an account, to verify it. */
  verify_email: '/auth/verify-email',
  /** To the address of a pending registration, to verify it. */
  confirm_registration: '/auth/verify-email',
  reset_password: '/auth/reset-password',
  /** To the new address of an account, to confirm the change. */
  confirm_email_change: '/auth/confirm-email',
  /** To the former address, with a revert link. */
  email_changed: '/auth/revert-email',
  /** About a sign-in on a device that the account does not know, with a not-me link. */
  new_device: '/auth/not-me',
  /** About activity that somebody in a session disowned, with a not-me link. */
  activity_disowned: '/auth/not-me',
  /** About what may be an intruder's, with a not-me link. */
  password_changed: '/auth/not-me',
  two_factor_enabled: '/auth/not-me',
  identity_linked: '/auth/not-me',
  /** About too many failed logins, with an unlock link. */
  account_locked: '/auth/unlock',
  /** About the removal of two-factor authentication that the operator has begun, with a link that stops it. */
  two_factor_reset_requested: '/auth/keep-two-factor',
  /** About a password that was removed after too many wrong codes of the second factor, with a reset link. */
  password_withdrawn: '/auth/reset-password',
} as const;

/** Those that tell of what was done to an account, as notices do: they have the budget of these. */
export const noticeLinks: readonly string[] = [
  'password_changed',
  'two_factor_enabled',
  'identity_linked',
] satisfies LinkMailKind[];

/** A mail with a link; its token is sealed until the mail is sent. */
export type LinkMailKind = keyof typeof linkPaths;

/** A mail with a code that its reader types in, and no link. The code is sealed like the token of a link. */
export type CodeMailKind =
  /** By which somebody who is signed in proves again who they are. */
  'reauthentication_code';

/** The mails with a secret, which is sealed until they are sent. */
export type SealedMailKind = LinkMailKind | CodeMailKind;

const codeKinds: readonly string[] = ['reauthentication_code'] satisfies CodeMailKind[];

export function isCodeMail(kind: string): kind is CodeMailKind {
  return codeKinds.includes(kind);
}

/**
 * A mail without a link or a code: each that has words and is none of the above. It contains no secret, so a statement can
 * queue it without knowing the address in advance.
 */
export type NoticeKind = Exclude<keyof typeof englishMails, SealedMailKind>;

export type MailKind = SealedMailKind | NoticeKind;

/** Something that a closing has ended, as its owner knows it. */
export type EndedThing =
  | { readonly kind: 'factor'; readonly name: string }
  | { readonly kind: 'identity'; readonly provider: string }
  | { readonly kind: 'trusted_device'; readonly device: Device | null; readonly location: Location | null };

/** What a mail can tell about the request that caused it, and about when that takes effect. */
export interface MailFacts {
  readonly userAgent: string | null;
  readonly location: Location | null;
  /** The identity provider that it is about, as people know it; undefined for none. */
  readonly provider?: string;
  /** Hours from the time of the mail until what it announces takes effect; undefined if it has done so already. */
  readonly delayHours?: number;
  /** What the same statement took away; undefined for nothing. */
  readonly ended?: readonly EndedThing[];
}
