/** A page with a form, and the page after it was submitted. */
export interface PageText {
  readonly title: string;
  readonly paragraphs: readonly string[];
  /** The button. */
  readonly submit: string;
  readonly done: { readonly title: string; readonly paragraphs: readonly string[] };
}

/** The pages that links in mails lead to. */
export const linkPages = {
  verifyEmail: {
    title: 'Confirm your e-mail address',
    paragraphs: ['Press the button to confirm that this e-mail address is yours.'],
    submit: 'Confirm',
    done: {
      title: 'Address confirmed',
      paragraphs: ['Your e-mail address is confirmed.'],
    },
  },
  resetPassword: {
    title: 'Choose a new password',
    paragraphs: ['This signs out every device. You can then sign in with the new password.'],
    submit: 'Save new password',
    done: {
      title: 'Password changed',
      paragraphs: ['You can now sign in with your new password.'],
    },
  },
  confirmEmailChange: {
    title: 'Confirm your new address',
    paragraphs: ['Press the button only if the account is yours and you requested this change.'],
    submit: 'Confirm new address',
    done: {
      title: 'Address changed',
      paragraphs: ['From now on you sign in with the new address.'],
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
      paragraphs: ['You can sign in on this device again.'],
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
        'If you did not ask for the removal, please contact the operator of this service.',
      ],
    },
  },
} satisfies Readonly<Record<string, PageText>>;

export type LinkPageTexts = typeof linkPages;
