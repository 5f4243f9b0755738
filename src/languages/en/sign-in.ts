/** The pages on the way into an account. */
export const signIn = {
  email: 'E-mail address',
  name: 'Name',
  nameHint: 'As you would like to be addressed.',
  repeatPassword: 'Repeat the password',
  or: 'or',
  /** @param provider as people know it */
  continueWith: (provider: string) => `Continue with ${provider}`,
  login: {
    title: 'Sign in',
    submit: 'Sign in',
    forgot: 'Forgot your password?',
    noAccount: 'No account yet?',
    register: 'Create one',
  },
  register: {
    title: 'Create an account',
    submit: 'Create account',
    hasAccount: 'Already have an account?',
    login: 'Sign in',
    /** Before the links to the terms and the privacy policy, where there are any. */
    agree: 'By creating an account you agree to:',
  },
  twoFactor: {
    title: 'Second step',
    intro: 'Open your authenticator app and enter the code that it shows for this account.',
    code: 'Six-digit code',
    trust: 'Do not ask on this device for 30 days',
    trustHint: 'Only on a device that is yours alone.',
    submit: 'Continue',
    noApp: 'You do not have your app at hand?',
    useBackupCode: 'Use a backup code',
    backupIntro: 'Enter one of the backup codes that you kept. Each of them works once.',
    backupCode: 'Backup code',
    useApp: 'Use your authenticator app',
    startAgain: 'Sign in as somebody else',
    expired: 'This sign-in has expired, or was completed already.',
  },
  forgot: {
    title: 'Forgot your password?',
    intro: 'Enter the address of your account. We will send you a link to choose a new password.',
    submit: 'Send link',
    back: 'Back to sign-in',
    sentTitle: 'Check your e-mail',
    /** @param email as it was typed */
    sent: (email: string) =>
      `If there is an account with ${email}, we have sent it an e-mail with a link. It works for one hour.`,
    again: 'Nothing there? Check your spam folder, or send it again.',
    resend: 'Send again',
  },
  checkMail: {
    title: 'Confirm your e-mail address',
    sentTitle: 'Check your e-mail',
    /** @param email as it was typed */
    sent: (email: string) =>
      `If an account with ${email} waits for its confirmation, we have sent an e-mail to that address. Open it and follow the link.`,
    again: 'Nothing there? Check your spam folder, or send it again.',
    resend: 'Send again',
    intro: 'Enter your address, and we will send the link to confirm it once more.',
    submit: 'Send link',
    back: 'Back to sign-in',
  },
  signOut: {
    title: 'Sign out',
    text: 'You will be signed out on this device.',
    submit: 'Sign out',
    stay: 'Stay signed in',
  },
  onward: {
    /** @param provider as people know it */
    title: (provider: string) => `Continue to ${provider}`,
    text: 'You are taken there now, and come back afterwards.',
    /** @param provider as people know it */
    link: (provider: string) => `Continue to ${provider}`,
    back: 'Back',
  },
  confirm: {
    title: 'Please confirm that it is you',
    intro: 'What you asked for needs a fresh confirmation. What you entered is kept.',
    introWithoutForm: 'What you asked for needs a fresh confirmation.',
    password: 'Password',
    code: 'Six-digit code of your authenticator app',
    backupCode: 'Backup code',
    emailCode: 'Code from the e-mail',
    emailCodeHint: 'Eight digits, which work for ten minutes.',
    submit: 'Confirm',
    sendCode: 'Send me a code by e-mail',
    /** @param provider as people know it */
    atProvider: (provider: string) => `Confirm at ${provider}`,
    confirmed: 'You have confirmed that it is you.',
    goOn: 'Continue',
    back: 'Cancel',
    none: 'This account has no way to confirm that it is you here. Sign out, and sign in again.',
  },
};

export type SignInTexts = typeof signIn;
