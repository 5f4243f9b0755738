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
        'The link works once and expires after 24 hours.',
        'If you have no account with us, somebody else entered your address. You can ignore this e-mail: the address stays unconfirmed.',
      ],
    },
    confirm_registration: {
      subject: 'Finish your registration',
      paragraphs: ['Please confirm your e-mail address to create your account.'],
      link: 'Finish registration',
      closing: [
        'We will ask you for the password that you chose. The link works once and expires after 24 hours.',
        'If you did not register, you can ignore this e-mail: no account will be created.',
      ],
    },
    reset_password: {
      subject: 'Choose a new password',
      paragraphs: ['Somebody, probably you, requested a new password for your account.'],
      link: 'Choose a new password',
      closing: [
        'The link works once and expires after one hour.',
        'If it was not you, you can ignore this e-mail: your password does not change.',
      ],
    },
    confirm_email_change: {
      subject: 'Confirm your new e-mail address',
      paragraphs: [
        'Somebody wants to use this e-mail address for an account. Please confirm the change if the account is yours.',
      ],
      link: 'Confirm new address',
      closing: [
        'The link works once and expires after 24 hours.',
        'If you did not request this, you can ignore this e-mail: nothing will change.',
      ],
    },
    email_changed: {
      subject: 'Your e-mail address was changed',
      paragraphs: [
        'Your account now has a different e-mail address. You can no longer sign in with this one.',
      ],
      link: 'This was not me: restore this address',
      closing: [
        'The link works for seven days after the change, or for one day if this address was never confirmed. It restores this address, signs out every device and sends you an e-mail to choose a new password.',
      ],
    },
    new_device: {
      subject: 'New sign-in to your account',
      paragraphs: ['Somebody signed in to your account on a new device.'],
      link: 'This was not me',
      closing: [
        'If it was you, you do not have to do anything.',
        'The link works for seven days. It signs out every device and sends you an e-mail to choose a new password.',
      ],
    },
    account_locked: {
      subject: 'Too many failed sign-ins',
      paragraphs: [
        'Somebody entered a wrong password for your account too often. New devices cannot sign in for a while.',
      ],
      link: 'Unlock account',
      closing: [
        'Open the link on the device on which you want to sign in. It works once, for one hour at least.',
        'Devices on which you have already signed in are not affected.',
      ],
    },
    email_taken: {
      subject: 'Somebody wanted to use your e-mail address',
      paragraphs: [
        'Somebody entered your e-mail address for an account. It already belongs to an account, so nothing was changed.',
        'If it was you, sign in as usual, or request a new password on the sign-in page.',
      ],
    },
    password_changed: {
      subject: 'Your password was changed',
      paragraphs: [
        'The password of your account was changed, and other devices were signed out.',
        'If it was not you, request a new password on the sign-in page at once: we will send the e-mail for it to this address.',
      ],
    },
    refresh_token_reused: {
      subject: 'A device was signed out for your safety',
      paragraphs: [
        'An outdated credential of one of your sessions was used again. This can happen when somebody has copied it, so we ended that session.',
        'If you notice anything else that you did not do, request a new password on the sign-in page: that signs out every device.',
      ],
    },
    password_check_locked: {
      subject: 'Too many wrong passwords',
      paragraphs: [
        'Somebody entered a wrong password too often on a device that is signed in to your account. Sensitive changes are locked on that device for a while.',
        'If it was not you, request a new password on the sign-in page: that signs out every device.',
      ],
    },
    email_restored: {
      subject: 'This e-mail address was removed from an account',
      paragraphs: [
        'The former address of the account that used this e-mail address was restored. You can no longer sign in with this address, and every device was signed out.',
        'If you did not expect this, somebody with access to the mailbox of the former address did it. If that mailbox is yours, secure it, then choose a new password with the e-mail that we sent there.',
      ],
    },
    account_deleted: {
      subject: 'Your account was deleted',
      paragraphs: [
        'Your account and all its data were deleted, as requested with its password. This cannot be undone.',
      ],
    },
  },
  mailFrame: {
    when: 'When',
    where: 'Where',
    device: 'Device',
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
  },
  fields: {
    password: 'Password',
    newPassword: 'New password',
    confirmPassword: 'Repeat the new password',
    passwordHint: (characters) =>
      `At least ${characters} characters. A few unrelated words are easy to remember.`,
    verifyPasswordHint: 'The password that you chose when you registered.',
    confirmPasswordHint: 'The password of the account that gets this address.',
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
