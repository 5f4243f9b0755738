import type { PageLanguage } from '../page-language.ts';
import { account } from './account.ts';
import { errors } from './errors.ts';
import { fromProvider } from './from-provider.ts';
import { linkPages } from './link-pages.ts';
import { security } from './security.ts';
import { signIn } from './sign-in.ts';

/** What pages say in German. */
export const pageTexts: PageLanguage = {
  tag: 'de',
  name: 'Deutsch',
  frame: {
    skip: 'Zum Inhalt',
    navigation: 'Konto',
    language: 'Sprache',
    terms: 'Nutzungsbedingungen',
    privacy: 'Datenschutz',
    support: 'Hilfe',
    onward: 'Weiter',
  },
  pages: linkPages,
  fields: {
    password: 'Passwort',
    newPassword: 'Neues Passwort',
    confirmPassword: 'Neues Passwort wiederholen',
    passwordHint: (characters) =>
      `Mindestens ${characters} Zeichen. Einige Wörter ohne Zusammenhang sind leicht zu merken.`,
    verifyPasswordHint:
      'Das Passwort, das Sie bei der Registrierung gewählt haben. Hat das Konto keines, melden Sie sich zuerst an, und öffnen Sie den Link noch einmal.',
    confirmPasswordHint:
      'Das Passwort des Kontos, das diese Adresse bekommt. Hat es keines, melden Sie sich zuerst an, und öffnen Sie den Link noch einmal.',
  },
  fieldErrors: {
    required: 'Bitte füllen Sie dieses Feld aus.',
    several: 'Bitte prüfen Sie die markierten Felder.',
    tooShort: 'Das Passwort ist zu kurz.',
    tooLong: 'Das ist zu lang.',
    passwordTooLong: 'Das Passwort ist zu lang.',
    mismatch: 'Die beiden Passwörter stimmen nicht überein.',
    email: 'Bitte geben Sie eine E-Mail-Adresse ein, zum Beispiel name@example.com.',
    invalid: 'Bitte prüfen Sie Ihre Eingabe.',
  },
  errors,
  errorPage: {
    title: 'Das hat nicht geklappt',
    reference: 'Kennung',
    again: 'Noch einmal versuchen',
    incompleteLink: 'Der Link ist unvollständig. Bitte öffnen Sie den Link in Ihrer E-Mail noch einmal.',
  },
  flashes: {
    signed_out: 'Sie sind abgemeldet.',
    signed_out_others: 'Alle anderen Geräte wurden abgemeldet.',
    signed_out_device: 'Das Gerät wurde abgemeldet.',
    account_deleted: 'Ihr Konto wurde gelöscht.',
    profile_saved: 'Ihr Profil wurde gespeichert.',
    email_change_requested: 'Folgen Sie dem Link in der E-Mail an Ihre neue Adresse.',
    verification_sent: 'Wenn Ihre Adresse noch bestätigt werden muss, haben wir ihr eine E-Mail gesendet.',
    password_changed: 'Ihr Passwort wurde geändert. Alle anderen Geräte wurden abgemeldet.',
    not_me:
      'Alle anderen Geräte wurden abgemeldet. Öffnen Sie jetzt den Link in der E-Mail, die wir Ihnen gesendet haben: Er sperrt den anderen endgültig aus.',
    confirmed: 'Sie haben bestätigt, dass Sie es sind. Bitte versuchen Sie es jetzt noch einmal.',
    form_expired: 'Was Sie zuvor eingegeben haben, ist nicht mehr da. Bitte geben Sie es noch einmal ein.',
    device_forgotten: 'Das Gerät wurde entfernt.',
    two_factor_off: 'Die Zwei-Faktor-Authentifizierung ist ausgeschaltet.',
    identity_removed: 'Das verbundene Konto wurde entfernt.',
    code_sent: 'Wir haben einen Code an die Adresse Ihres Kontos gesendet.',
  },
  signIn,
  fromProvider,
  account,
  security,
};
