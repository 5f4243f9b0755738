import type { Language } from './language.ts';

/** English. */
export const en: Language = {
  tag: 'en',
  mails: {
    verify_email: {
      subject: 'Confirm your e-mail address',
      paragraphs: ['Please confirm that this e-mail address belongs to your account.'],
      link: 'Confirm e-mail address',
      closing: [
        'The link works once, for 24 hours.',
        'If you have no account with us, somebody entered your address. Do nothing: without your confirmation it stays unconfirmed.',
      ],
    },
    confirm_registration: {
      subject: 'Finish your registration',
      paragraphs: ['Please confirm your e-mail address. Your account begins with it.'],
      link: 'Finish registration',
      closing: [
        'You will be asked for the password that you chose. The link works once, for 24 hours.',
        'If you did not register, do nothing: no account is created.',
      ],
    },
    reset_password: {
      subject: 'Choose a new password',
      paragraphs: ['Somebody, probably you, asked for a new password for your account.'],
      link: 'Choose a new password',
      closing: [
        'The link works once, for one hour.',
        'If it was not you, do nothing: your password stays as it is.',
      ],
    },
    confirm_email_change: {
      subject: 'Confirm your new e-mail address',
      paragraphs: [
        'An account is to move to this e-mail address. Please confirm it if the account is yours.',
      ],
      link: 'Confirm new address',
      closing: [
        'The link works once, for 24 hours.',
        'If you did not ask for this, do nothing: without your confirmation nothing changes.',
      ],
    },
    email_changed: {
      subject: 'Your e-mail address was changed',
      paragraphs: ['Your account has another e-mail address now. This one no longer signs in.'],
      link: 'This was not me: restore this address',
      closing: [
        'The link works until seven days after the change. It restores this address, signs out every device and sends you a mail for a new password.',
      ],
    },
    new_device: {
      subject: 'New sign-in to your account',
      paragraphs: ['Somebody signed in to your account on a device that has not been used with it before.'],
      link: 'This was not me',
      closing: [
        'If it was you, there is nothing to do.',
        'The link works for seven days. It signs out every device and sends you a mail for a new password.',
      ],
    },
    account_locked: {
      subject: 'Too many failed sign-ins',
      paragraphs: [
        'Somebody entered a wrong password for your account too often. On devices that have not been used with it before, signing in is locked for a while.',
      ],
      link: 'Lift the lock',
      closing: [
        'Open the link on the device on which you want to sign in. It works once, for one hour.',
        'Devices on which you have signed in before are not affected.',
      ],
    },
    email_taken: {
      subject: 'Somebody wanted to use your e-mail address',
      paragraphs: [
        'Somebody entered your e-mail address for an account. It belongs to an account already, so nothing was changed.',
        'If it was you, sign in as usual, or ask for a new password where you sign in.',
      ],
    },
    password_changed: {
      subject: 'Your password was changed',
      paragraphs: [
        'The password of your account was changed, and other devices were signed out.',
        'If it was not you, ask for a new password at once where you sign in: the mail for it comes to this address.',
      ],
    },
    refresh_token_reused: {
      subject: 'A device was signed out for your safety',
      paragraphs: [
        'A sign-in of your account was used a second time with a credential that was no longer valid, as happens when it was copied. We ended that session.',
        'If you notice anything else that is not yours, ask for a new password where you sign in: that signs out every device.',
      ],
    },
    password_check_locked: {
      subject: 'Too many wrong passwords',
      paragraphs: [
        'On a device that is signed in to your account, a wrong password was entered too often. Sensitive changes there are locked for a while.',
        'If it was not you, ask for a new password where you sign in: that signs out every device.',
      ],
    },
    email_restored: {
      subject: 'This address no longer signs in to an account',
      paragraphs: [
        'The account that used this e-mail address has its former address back; it signs in there. Every device was signed out.',
        'If you did not expect this, it was somebody who reads the mail to the former address. If that mailbox is yours, make it safe, then choose a new password by the mail that we sent there.',
      ],
    },
    account_deleted: {
      subject: 'Your account was deleted',
      paragraphs: [
        'Your account and everything that belonged to it was deleted, as was asked for with its password. This cannot be undone.',
      ],
    },
  },
  mailFrame: {
    when: 'When',
    where: 'Where',
    device: 'Device',
    copyLink: 'Or copy this address into your browser:',
    footer: (host) =>
      `You get this mail from ${host} because it is about the security of an account with this address.`,
  },
  pages: {
    verifyEmail: {
      title: 'Confirm your e-mail address',
      paragraphs: ['Press the button to confirm that the address is yours.'],
      submit: 'Confirm',
      done: {
        title: 'Address confirmed',
        paragraphs: ['Your e-mail address is confirmed. You can close this page.'],
      },
    },
    resetPassword: {
      title: 'Choose a new password',
      paragraphs: ['Every device will be signed out. Then sign in with the new password.'],
      submit: 'Save new password',
      done: {
        title: 'Password changed',
        paragraphs: ['You can now sign in with your new password. You can close this page.'],
      },
    },
    confirmEmailChange: {
      title: 'Confirm your new address',
      paragraphs: ['Press the button only if the account is yours and you asked for this change.'],
      submit: 'Confirm new address',
      done: {
        title: 'Address changed',
        paragraphs: ['From now on you sign in with the new address. You can close this page.'],
      },
    },
    revertEmailChange: {
      title: 'Restore your address',
      paragraphs: [
        'Press the button if you did not change the address of your account. Every device is signed out, and you get a mail for a new password.',
      ],
      submit: 'Restore this address',
      done: {
        title: 'Address restored',
        paragraphs: [
          'Every device was signed out. Please choose a new password with the mail that we have just sent you.',
        ],
      },
    },
    notMe: {
      title: 'This was not me',
      paragraphs: [
        'Press the button if you do not know the sign-in. Every device is signed out, and you get a mail for a new password.',
      ],
      submit: 'Sign out everywhere',
      done: {
        title: 'Signed out everywhere',
        paragraphs: ['Please choose a new password with the mail that we have just sent you.'],
      },
    },
    unlock: {
      title: 'Lift the lock',
      paragraphs: ['Press the button to be able to sign in on this device again.'],
      submit: 'Lift the lock',
      done: {
        title: 'Lock lifted',
        paragraphs: ['You can sign in again on this device. You can close this page.'],
      },
    },
  },
  fields: {
    password: 'Password',
    newPassword: 'New password',
    confirmPassword: 'Repeat the new password',
    passwordHint: (characters) =>
      `At least ${characters} characters. A few words in a row are easy to remember.`,
    verifyPasswordHint: 'The password that you registered with.',
  },
  fieldErrors: {
    required: 'Please fill in every field.',
    tooShort: 'The password is too short.',
    tooLong: 'The password is too long.',
    mismatch: 'The two entries differ.',
    invalid: 'Please check what you entered.',
  },
  errors: {
    token_invalid: 'This link is not valid any more. Please ask for a new one.',
    password_required: 'This needs the right password of the account.',
    password_too_common: 'This password is too easy to guess. Please choose another one.',
    password_breached: 'This password is known from a data breach. Please choose another one.',
    too_many_attempts: 'There were too many attempts. Please try again later.',
    rate_limited: 'There were too many requests. Please wait a moment.',
    overloaded: 'Too many people are busy here right now. Please try again in a moment.',
    service_unavailable: 'We cannot answer right now. Please try again in a moment.',
    csrf_rejected: 'The form was sent from another page. Please open the link in your mail again.',
    internal_error: 'Something went wrong on our side. Please try again.',
    not_found: 'There is nothing at this address.',
  },
  errorPage: {
    title: 'That did not work',
    reference: 'Reference',
    incompleteLink: 'The link is not complete. Please open the link in your mail again.',
  },
};
