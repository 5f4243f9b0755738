import type { MailKind } from '../mail/mail-kind.ts';

/** What a mail says. Fixed sentences: nothing that somebody typed ever stands in a mail (EML-11). */
export interface MailText {
  readonly subject: string;
  readonly paragraphs: readonly string[];
  /** What the link is called; absent where there is none. */
  readonly link?: string;
  /** What to know after the link. */
  readonly closing?: readonly string[];
}

/** The pages that links in mails lead to. */
export type PageName =
  | 'verifyEmail'
  | 'resetPassword'
  | 'confirmEmailChange'
  | 'revertEmailChange'
  | 'notMe'
  | 'unlock';

/** A page with a form, and what it says once that was sent. */
export interface PageText {
  readonly title: string;
  readonly paragraphs: readonly string[];
  /** The button. */
  readonly submit: string;
  readonly done: { readonly title: string; readonly paragraphs: readonly string[] };
}

/** Everything that a person reads in one language: one file each. */
export interface Language {
  /** BCP 47, for `lang` and for the form of dates. */
  readonly tag: string;
  readonly mails: { readonly [Kind in MailKind]: MailText };
  readonly mailFrame: {
    readonly when: string;
    readonly where: string;
    readonly device: string;
    /** For a link that is not clickable. */
    readonly copyLink: string;
    /** @param host of the service, so that a mail without a link says whose it is as well */
    readonly footer: (host: string) => string;
  };
  readonly pages: { readonly [Name in PageName]: PageText };
  readonly fields: {
    readonly password: string;
    readonly newPassword: string;
    readonly confirmPassword: string;
    /** @param characters the fewest */
    readonly passwordHint: (characters: number) => string;
    readonly verifyPasswordHint: string;
  };
  /** What is wrong with an entry, by the codes of `validate`. */
  readonly fieldErrors: {
    readonly required: string;
    readonly tooShort: string;
    readonly tooLong: string;
    readonly mismatch: string;
    readonly invalid: string;
  };
  /** Failures by their code, where a page can meet them; others are told in English. */
  readonly errors: Readonly<Record<string, string>>;
  readonly errorPage: { readonly title: string; readonly reference: string; readonly incompleteLink: string };
}
