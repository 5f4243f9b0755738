/** Mails whose link does something, and the page that it leads to. */
export const linkPaths = {
  /** To the address of an account: show that it is yours. */
  verify_email: '/auth/verify-email',
  /** To an address that somebody signed up with, where accounts begin with the verification. */
  confirm_registration: '/auth/verify-email',
  reset_password: '/auth/reset-password',
  /** To the address that an account is to have. */
  confirm_email_change: '/auth/confirm-email',
  /** To the address that it had: with a way back. */
  email_changed: '/auth/revert-email',
  /** Somebody signed in on a device that the account does not know: with "this was not me". */
  new_device: '/auth/not-me',
  /** Too many failed sign-ins: with a way to lift the lock. */
  account_locked: '/auth/unlock',
} as const;

/** A mail with a link that proves something; the token in it is sealed until the mail is sent. */
export type LinkMailKind = keyof typeof linkPaths;

/** A mail that only tells something. It holds no secret, so that a statement can write it without knowing the address. */
export type NoticeKind =
  /** Somebody wanted an account, or to move one, to an address that has an account. */
  | 'email_taken'
  | 'password_changed'
  | 'refresh_token_reused'
  /** Too many wrong passwords from a session that is signed in. */
  | 'password_check_locked'
  /** To the address that an account had until its former one was restored. */
  | 'email_restored'
  | 'account_deleted';

export type MailKind = LinkMailKind | NoticeKind;

/** What a template can tell about the request that caused a mail. */
export interface MailFacts {
  readonly userAgent: string | null;
  readonly location: {
    readonly city: string | null;
    readonly region: string | null;
    readonly country: string | null;
  } | null;
}
