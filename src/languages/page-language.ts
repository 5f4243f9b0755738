import type { FlashName } from '../http/flash.ts';
import type { FrameText } from '../ui/frame.tsx';
import type { AccountTexts } from './en/account.ts';
import type { PageErrors } from './en/errors.ts';
import type { FromProviderTexts } from './en/from-provider.ts';
import type { SecurityTexts } from './en/security.ts';
import type { SignInTexts } from './en/sign-in.ts';

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

export type LinkPageTexts = { readonly [Name in PageName]: PageText };

/** What pages say in one language. English says which texts there are: another language has all of them, or does not compile. */
export interface PageLanguage {
  /** BCP 47 tag, for `lang` and for the format of dates. */
  readonly tag: string;
  /** In the language itself. */
  readonly name: string;
  readonly frame: FrameText & { readonly onward: string };
  readonly pages: LinkPageTexts;
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
    readonly several: string;
    readonly tooShort: string;
    readonly tooLong: string;
    readonly passwordTooLong: string;
    readonly mismatch: string;
    readonly email: string;
    readonly invalid: string;
  };
  /** What went wrong, by the code of the failure; a code that is not here is told in English. */
  readonly errors: PageErrors;
  readonly errorPage: {
    readonly title: string;
    readonly reference: string;
    readonly incompleteLink: string;
    /** Sends the form once more. */
    readonly again: string;
  };
  readonly flashes: { readonly [Name in FlashName]: string };
  readonly signIn: SignInTexts;
  readonly fromProvider: FromProviderTexts;
  readonly account: AccountTexts;
  readonly security: SecurityTexts;
}
