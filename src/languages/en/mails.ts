import type { MailText } from '../mail-text.ts';

/** Below a link by which what was done is disowned. */
const notMe = [
  'If it was you, you do not have to do anything.',
  'The link works for seven days. It signs out every device, undoes what was added to your account since then, this included, and sends you an e-mail to choose a new password.',
  'If you are asked for a code that you do not have when you sign in, somebody else has turned that on: open the link then, too.',
];

/** The mails in English. A kind that `mail-kind.ts` does not name is a notice. */
export const mails = {
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
    paragraphs: ['Your account now has a different e-mail address. You can no longer sign in with this one.'],
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
  activity_disowned: {
    subject: 'This was not you? One more step',
    paragraphs: [
      'Somebody who is signed in to your account, probably you, said about something in its recent activity: “This was not me”. All other devices were signed out.',
      'Open the link to put out for good whoever it was.',
    ],
    link: 'This was not me',
    closing: [
      'The link works for one day at least. It signs out every device, removes what was added to your account since then, and sends you an e-mail to choose a new password.',
      'If it was not you who said so, somebody else is signed in to your account: open the link in that case, too.',
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
  two_factor_reset_requested: {
    subject: 'Two-factor authentication will be removed',
    paragraphs: [
      'Somebody asked the operator of this service to remove two-factor authentication from your account. This happens after a waiting period, unless you stop it.',
    ],
    link: 'Keep two-factor authentication',
    closing: [
      'If it was you, for example because you lost your phone, you do not have to do anything.',
      'The link works until the removal takes effect. Signing in with a code also stops the removal.',
    ],
  },
  password_withdrawn: {
    subject: 'Your password was removed for your safety',
    paragraphs: [
      'Somebody who knew your password, or used a device that is signed in to your account, entered too many wrong codes for two-factor authentication. To protect your account, we removed the password and signed out every device.',
    ],
    link: 'Choose a new password',
    closing: [
      'The link works once and expires after one hour. After that, you can request another one on the sign-in page.',
    ],
  },
  reauthentication_code: {
    subject: 'Your code to confirm that it is you',
    paragraphs: [
      'Somebody, probably you, is about to change something important on a device that is signed in to your account, and has to prove first that the account is theirs. Enter this code on that device:',
    ],
    closing: [
      'The code works once, on that device alone, and expires after 10 minutes.',
      'Nobody will ever ask you for this code, not even we: give it to nobody, and enter it only where you asked for it.',
      'If it was not you, somebody else uses a device that is signed in to your account. Do not enter the code. Sign in and sign out all other devices, or request a new password on the sign-in page: that signs out every device.',
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
    paragraphs: ['The password of your account was changed, and other devices were signed out.'],
    link: 'This was not me',
    closing: notMe,
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
      'Your account and all its data were deleted, as requested by somebody who was signed in to it and confirmed that it was theirs. This cannot be undone.',
    ],
  },
  account_taken_over: {
    subject: 'The account of your e-mail address starts anew',
    paragraphs: [
      'Somebody had made an account with this e-mail address and never confirmed it. The address was confirmed now, so the account belongs to whoever did that: its former password, connected accounts and links no longer work, and every device was signed out.',
      'If you confirmed it, there is nothing to do. If you made the account and confirmed nothing just now, somebody else reads your mailbox or your account at an identity provider: secure these, then request a new password on the sign-in page.',
    ],
  },
  identity_linked: {
    subject: 'A way to sign in was added to your account',
    paragraphs: [
      'A sign-in at an identity provider was linked to your account. Whoever signs in there can now sign in here.',
    ],
    link: 'This was not me',
    closing: notMe,
  },
  identity_unlinked: {
    subject: 'A way to sign in was removed from your account',
    paragraphs: [
      'A sign-in at an identity provider was removed from your account. It can no longer be used to sign in here.',
      'If it was not you, request a new password on the sign-in page: that signs out every device. Then link the provider again.',
    ],
  },
  identity_not_linked: {
    subject: 'Sign in as you did before',
    paragraphs: [
      'Somebody tried to sign in with an identity provider that gave this e-mail address. You have an account with it here, but that sign-in is not linked to it, so nobody was let in.',
      'If it was you, sign in as you did before, or request a new password on the sign-in page. You can then link the provider in your account. If it was not you, there is nothing to do.',
    ],
  },
  two_factor_enabled: {
    subject: 'Two-factor authentication was turned on',
    paragraphs: [
      'Two-factor authentication was turned on for your account, or its authenticator app was replaced by another one. To sign in, you now need a code from that app besides your password.',
    ],
    link: 'This was not me',
    closing: notMe,
  },
  two_factor_disabled: {
    subject: 'Two-factor authentication was turned off',
    paragraphs: [
      'Two-factor authentication was turned off for your account. Codes and trusted devices no longer count: your password alone is enough to sign in.',
      'If it was not you, request a new password on the sign-in page at once: that signs out every device. Then turn two-factor authentication on again.',
    ],
  },
  backup_codes_renewed: {
    subject: 'New backup codes were made',
    paragraphs: [
      'A new set of backup codes was made for your account. The old ones no longer work.',
      'If it was not you, somebody else has your new codes. Request a new password on the sign-in page, which signs out every device, then sign in with your app and make new backup codes.',
    ],
  },
  backup_code_used: {
    subject: 'A backup code was used',
    paragraphs: [
      'Somebody used one of the backup codes of your account. It no longer works.',
      'If it was not you, whoever did it knows your password and had one of your codes. Request a new password on the sign-in page at once, which signs out every device, then sign in with your app and make new backup codes.',
    ],
  },
  second_factor_locked: {
    subject: 'Too many wrong codes',
    paragraphs: [
      'Somebody entered a wrong code for two-factor authentication too often. Whoever did it knew your password, or used a device that is signed in to your account. Codes are not accepted on that device for a while, nor on any other new device if it was a new one.',
      'If it was not you, request a new password on the sign-in page: that signs out every device.',
    ],
  },
  two_factor_reset: {
    subject: 'Two-factor authentication was removed',
    paragraphs: [
      'The operator of this service removed two-factor authentication from your account, as announced. The authenticator app, the backup codes and the trusted devices no longer count.',
      'Please sign in and turn it on again. If you did not ask for this, contact the operator of this service.',
    ],
  },
} satisfies Readonly<Record<string, MailText>>;
