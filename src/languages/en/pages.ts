import { account } from './account.ts';
import { errors } from './errors.ts';
import { fromProvider } from './from-provider.ts';
import { linkPages } from './link-pages.ts';
import { security } from './security.ts';
import { signIn } from './sign-in.ts';

/** What pages say in English. */
export const pageTexts = {
  /** BCP 47 tag, for `lang` and for the format of dates. */
  tag: 'en',
  /** In the language itself. */
  name: 'English',
  frame: {
    skip: 'Skip to the content',
    navigation: 'Account',
    language: 'Language',
    terms: 'Terms',
    privacy: 'Privacy',
    support: 'Help',
    onward: 'Continue',
  },
  pages: linkPages,
  fields: {
    password: 'Password',
    newPassword: 'New password',
    confirmPassword: 'Repeat the new password',
    /** @param characters the minimum */
    passwordHint: (characters: number) =>
      `At least ${characters} characters. A few unrelated words are easy to remember.`,
    verifyPasswordHint:
      'The password that you chose when you registered. If the account has none, sign in first, and open the link again.',
    /** At the confirmation of a new address. */
    confirmPasswordHint:
      'The password of the account that gets this address. If it has none, sign in first, and open the link again.',
  },
  /** Errors in a field, by the codes of `validate`. */
  fieldErrors: {
    required: 'Please fill in this field.',
    several: 'Please check the marked fields.',
    tooShort: 'The password is too short.',
    tooLong: 'This is too long.',
    passwordTooLong: 'The password is too long.',
    mismatch: 'The two passwords differ.',
    email: 'Please enter one e-mail address, such as name@example.com.',
    invalid: 'Please check what you entered.',
  },
  /** What went wrong, by the code of the failure; a code that is not here is told in English. */
  errors,
  errorPage: {
    title: 'That did not work',
    reference: 'Reference',
    /** Sends the form once more. */
    again: 'Try again',
    incompleteLink: 'The link is incomplete. Please open the link in your e-mail again.',
  },
  flashes: {
    signed_out: 'You are signed out.',
    signed_out_others: 'All other devices were signed out.',
    signed_out_device: 'The device was signed out.',
    account_deleted: 'Your account was deleted.',
    profile_saved: 'Your profile was saved.',
    email_change_requested: 'Follow the link in the e-mail to your new address.',
    verification_sent: 'If your address still has to be confirmed, we have sent it an e-mail.',
    password_changed: 'Your password was changed. All other devices were signed out.',
    not_me:
      'All other devices were signed out. Now open the link in the e-mail that we have sent you: it puts out for good whoever it was.',
    confirmed: 'You have confirmed that it is you. Please try again now.',
    form_expired: 'What you entered before is no longer kept. Please enter it again.',
    device_forgotten: 'The device was removed.',
    two_factor_off: 'Two-factor authentication is off.',
    identity_removed: 'The connected account was removed.',
    code_sent: 'We have sent a code to the address of your account.',
  },
  signIn,
  fromProvider,
  account,
  security,
};
