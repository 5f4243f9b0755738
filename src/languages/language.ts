import type { MailKind } from '../mail/mail-kind.ts';

/** The text of a mail. Fixed sentences: nothing that somebody typed is ever in a mail (EML-11). */
export interface MailText {
  readonly subject: string;
  readonly paragraphs: readonly string[];
  /** The text of the link; absent in a notice, and in a mail with a code, which stands below the paragraphs. */
  readonly link?: string;
  /** The text after the link or the code. */
  readonly closing?: readonly string[];
}

/** The pages that links in mails lead to. */
export type PageName =
  | 'verifyEmail'
  | 'resetPassword'
  | 'confirmEmailChange'
  | 'revertEmailChange'
  | 'notMe'
  | 'unlock'
  | 'keepTwoFactor';

/** A page with a form, and the page after it was submitted. */
export interface PageText {
  readonly title: string;
  readonly paragraphs: readonly string[];
  /** The button. */
  readonly submit: string;
  readonly done: { readonly title: string; readonly paragraphs: readonly string[] };
}

/** The failures that a page tells in the language of its reader, by their code; all others are told in English. */
export type PageErrorCode =
  | 'token_invalid'
  | 'password_required'
  | 'password_too_common'
  | 'password_breached'
  | 'registration_closed'
  | 'too_many_attempts'
  | 'rate_limited'
  | 'overloaded'
  | 'service_unavailable'
  | 'csrf_rejected'
  | 'internal_error'
  | 'not_found';

/** All texts of one language: one file each. */
export interface Language {
  /** BCP 47 tag, for `lang` and for the format of dates. */
  readonly tag: string;
  readonly mails: { readonly [Kind in MailKind]: MailText };
  readonly mailFrame: {
    readonly when: string;
    readonly where: string;
    readonly device: string;
    readonly provider: string;
    readonly takesEffect: string;
    /** Stands after `takesEffect`, below the time of the mail. @param hours since that time, at least 1 */
    readonly inHours: (hours: number) => string;
    /** For mail programs that do not make the link clickable. */
    readonly copyLink: string;
    /** @param host of the service, so that a mail without a link also says whose it is */
    readonly footer: (host: string) => string;
  };
  readonly pages: { readonly [Name in PageName]: PageText };
  readonly fields: {
    readonly password: string;
    readonly newPassword: string;
    readonly confirmPassword: string;
    /** @param characters the minimum */
    readonly passwordHint: (characters: number) => string;
    readonly verifyPasswordHint: string;
    /** At the confirmation of a new address. */
    readonly confirmPasswordHint: string;
  };
  /** Errors in a field, by the codes of `validate`. */
  readonly fieldErrors: {
    readonly required: string;
    readonly tooShort: string;
    readonly tooLong: string;
    readonly mismatch: string;
    readonly invalid: string;
  };
  readonly errors: { readonly [Code in PageErrorCode]: string };
  readonly errorPage: { readonly title: string; readonly reference: string; readonly incompleteLink: string };
}
