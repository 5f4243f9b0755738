import { mails } from './en/mails.ts';
import type { Language } from './language.ts';

/** English. */
export const en: Language = {
  tag: 'en',
  mails,
  mailFrame: {
    when: 'When',
    where: 'Where',
    device: 'Device',
    provider: 'Provider',
    takesEffect: 'Takes effect',
    inHours: (hours) => (hours === 1 ? '1 hour later' : `${hours} hours later`),
    copyLink: 'Or copy this address into your browser:',
    footer: (host) =>
      `You received this e-mail from ${host} because it concerns the security of an account with this address.`,
  },
  pages: {
    verifyEmail: {
      title: 'Confirm your e-mail address',
      paragraphs: ['Press the button to confirm that this e-mail address is yours.'],
      submit: 'Confirm',
      done: {
        title: 'Address confirmed',
        paragraphs: ['Your e-mail address is confirmed. You can close this page.'],
      },
    },
    resetPassword: {
      title: 'Choose a new password',
      paragraphs: ['This signs out every device. You can then sign in with the new password.'],
      submit: 'Save new password',
      done: {
        title: 'Password changed',
        paragraphs: ['You can now sign in with your new password. You can close this page.'],
      },
    },
    confirmEmailChange: {
      title: 'Confirm your new address',
      paragraphs: ['Press the button only if the account is yours and you requested this change.'],
      submit: 'Confirm new address',
      done: {
        title: 'Address changed',
        paragraphs: ['From now on you sign in with the new address. You can close this page.'],
      },
    },
    revertEmailChange: {
      title: 'Restore your address',
      paragraphs: [
        'Press the button if you did not change the address of your account. This signs out every device and sends you an e-mail to choose a new password.',
      ],
      submit: 'Restore this address',
      done: {
        title: 'Address restored',
        paragraphs: ['Every device was signed out. Please check your e-mail to choose a new password.'],
      },
    },
    notMe: {
      title: 'This was not me',
      paragraphs: [
        'Press the button if you do not recognise the sign-in. This signs out every device and sends you an e-mail to choose a new password.',
      ],
      submit: 'Sign out everywhere',
      done: {
        title: 'Signed out everywhere',
        paragraphs: ['Please check your e-mail to choose a new password.'],
      },
    },
    unlock: {
      title: 'Unlock your account',
      paragraphs: ['Press the button to be able to sign in on this device again.'],
      submit: 'Unlock account',
      done: {
        title: 'Account unlocked',
        paragraphs: ['You can sign in on this device again. You can close this page.'],
      },
    },
    keepTwoFactor: {
      title: 'Keep two-factor authentication',
      paragraphs: [
        'Press the button if two-factor authentication should not be removed from your account. You then need your codes to sign in, as before.',
      ],
      submit: 'Keep it',
      done: {
        title: 'Removal stopped',
        paragraphs: [
          'Two-factor authentication stays on. Nothing was changed.',
          'If you did not ask for the removal, please contact the operator of this service. You can close this page.',
        ],
      },
    },
  },
  fields: {
    password: 'Password',
    newPassword: 'New password',
    confirmPassword: 'Repeat the new password',
    passwordHint: (characters) =>
      `At least ${characters} characters. A few unrelated words are easy to remember.`,
    verifyPasswordHint:
      'The password that you chose when you registered. If the account has none, sign in here first, and open the link again.',
    confirmPasswordHint:
      'The password of the account that gets this address. If it has none, sign in here first, and open the link again.',
  },
  fieldErrors: {
    required: 'Please fill in every field.',
    tooShort: 'The password is too short.',
    tooLong: 'The password is too long.',
    mismatch: 'The two passwords differ.',
    invalid: 'Please check what you entered.',
  },
  errors: {
    token_invalid: 'This link is no longer valid. Please request a new one.',
    password_required: 'Please enter the correct password of the account.',
    password_too_common: 'This password is too easy to guess. Please choose another one.',
    password_breached: 'This password is known from a data breach. Please choose another one.',
    registration_closed: 'No new accounts can be created here at the moment. Please try again later.',
    too_many_attempts: 'Too many attempts. Please try again later.',
    rate_limited: 'Too many requests. Please wait a moment.',
    overloaded: 'The service is busy right now. Please try again in a moment.',
    service_unavailable: 'The service is unavailable right now. Please try again in a moment.',
    csrf_rejected: 'The form was sent from another site. Please open the link in your e-mail again.',
    internal_error: 'Something went wrong on our side. Please try again.',
    not_found: 'Page not found.',
  },
  errorPage: {
    title: 'That did not work',
    reference: 'Reference',
    incompleteLink: 'The link is incomplete. Please open the link in your e-mail again.',
  },
};
