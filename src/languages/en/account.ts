/** The pages of the account. */
export const account = {
  navigation: { account: 'Account', sessions: 'Devices', security: 'Security', signOut: 'Sign out' },
  title: 'Your account',
  sessionsTitle: 'Your devices',
  recovery: {
    title: 'Recover your account',
    text: 'Somebody may have had access to this account. Until a new password is chosen by the link in our e-mail, nothing can be changed that decides who gets in, and nothing deleted or downloaded.',
    again: 'Have the e-mail sent again',
  },
  profile: { title: 'Profile', name: 'Name', submit: 'Save' },
  email: {
    title: 'E-mail address',
    verified: 'confirmed',
    unverified: 'not confirmed',
    resendIntro: 'Follow the link in our e-mail to confirm that this address is yours.',
    resend: 'Send the e-mail again',
    newEmail: 'New address',
    newEmailHint: 'We will send it a link. Until you follow that, everything stays as it is.',
    submit: 'Change address',
  },
  password: {
    title: 'Password',
    intro: 'A change signs out all your other devices.',
    none: 'Your account has no password. With one you can also sign in by your e-mail address.',
    current: 'Current password',
    incorrect: 'This is not your current password.',
    submit: 'Change password',
    submitFirst: 'Set password',
  },
  identities: {
    title: 'Connected accounts',
    intro: 'You can also sign in with these.',
    none: 'No other account signs in to this one yet.',
    /** @param date in the reader's format */
    since: (date: string) => `connected on ${date}`,
    /** @param provider as people know it */
    connect: (provider: string) => `Connect ${provider}`,
    /** @param provider as people know it */
    remove: (provider: string) => `Remove ${provider}`,
    removeShort: 'Remove',
  },
  data: {
    title: 'Your data',
    intro: 'Everything that is stored about your account, as a JSON file.',
    submit: 'Download',
  },
  deletion: {
    title: 'Delete account',
    intro: 'The account and everything that belongs to it will be gone at once, for good.',
    link: 'Delete account …',
    confirmTitle: 'Delete your account?',
    /** @param email of the account */
    warning: (email: string) =>
      `The account ${email} will be deleted with everything that belongs to it. Nobody can undo this, neither you nor we.`,
    password: 'Your password, to confirm',
    incorrect: 'This is not your password.',
    submit: 'Delete for good',
    back: 'Keep the account',
  },
  sessions: {
    title: 'Signed-in devices',
    intro: 'Sign out every device that you do not know or no longer use.',
    current: 'this device',
    unknownDevice: 'Unknown device',
    unknownPlace: 'Unknown place',
    /** @param time in the reader's format */
    lastActive: (time: string) => `Last active ${time}`,
    /** @param time in the reader's format */
    signedIn: (time: string) => `Signed in ${time}`,
    signOut: 'Sign out',
    /** For readers who hear one button after the other. @param device as it is listed */
    signOutOf: (device: string) => `Sign out ${device}`,
    others: 'Sign out all other devices',
    all: 'Sign out all devices, this one too',
    manyTitle: 'Several at once',
  },
  demo: {
    title: 'The demo account',
    text: 'You are signed in as the demo user. Nothing can be changed here, and no database is needed.',
  },
};

export type AccountTexts = typeof account;
