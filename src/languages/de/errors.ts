import type { PageErrors } from '../en/errors.ts';

/** What went wrong, by the code of the failure. */
export const errors: PageErrors = {
  token_invalid: 'Dieser Link ist nicht mehr gültig. Bitte fordern Sie einen neuen an.',
  password_required: 'Bitte geben Sie das richtige Passwort des Kontos ein.',
  password_too_common: 'Dieses Passwort ist zu leicht zu erraten. Bitte wählen Sie ein anderes.',
  password_breached: 'Dieses Passwort ist aus einem Datenleck bekannt. Bitte wählen Sie ein anderes.',
  password_unchanged: 'Das ist Ihr bisheriges Passwort. Bitte wählen Sie ein anderes.',
  registration_closed:
    'Hier können derzeit keine neuen Konten angelegt werden. Bitte versuchen Sie es später noch einmal.',
  too_many_attempts: 'Zu viele Versuche. Bitte versuchen Sie es später noch einmal.',
  rate_limited: 'Zu viele Anfragen. Bitte warten Sie einen Moment.',
  overloaded: 'Der Dienst ist gerade ausgelastet. Bitte versuchen Sie es gleich noch einmal.',
  service_unavailable: 'Der Dienst ist gerade nicht verfügbar. Bitte versuchen Sie es gleich noch einmal.',
  misconfigured: 'Der Dienst ist nicht vollständig eingerichtet. Bitte sagen Sie es dem Betreiber.',
  csrf_rejected:
    'Das Formular wurde von einer anderen Seite gesendet. Bitte öffnen Sie die Seite noch einmal, und senden Sie es von dort.',
  malformed_form: 'Das Formular war nicht vollständig. Bitte öffnen Sie die Seite noch einmal.',
  unsupported_media_type: 'Diese Seite nimmt nur ihre eigenen Formulare an.',
  payload_too_large: 'Ihre Eingabe ist zu lang.',
  internal_error: 'Bei uns ist etwas schiefgegangen. Bitte versuchen Sie es noch einmal.',
  not_found: 'Seite nicht gefunden.',
  method_not_allowed: 'So kann diese Seite nicht verwendet werden.',
  uri_too_long: 'Die Adresse ist zu lang.',
  invalid_credentials: 'Die E-Mail-Adresse oder das Passwort ist nicht richtig.',
  email_not_verified: 'Bitte bestätigen Sie zuerst Ihre E-Mail-Adresse mit dem Link in unserer E-Mail.',
  email_taken: 'Mit dieser Adresse gibt es schon ein Konto. Bitte melden Sie sich an.',
  account_exists: 'Zu dieser Adresse gibt es schon ein Konto. Melden Sie sich dort auf andere Weise an.',
  email_unchanged: 'Das ist Ihre bisherige Adresse. Bitte geben Sie eine andere ein.',
  reauthentication_required:
    'Bitte bestätigen Sie zuerst, dass Sie es sind, und versuchen Sie es noch einmal.',
  recovery_required:
    'Dieses Konto wird gerade wiederhergestellt. Wählen Sie zuerst über den Link in unserer E-Mail ein neues Passwort; Sie können ihn noch einmal anfordern.',
  invalid_code: 'Der Code ist nicht richtig oder wurde schon verwendet.',
  challenge_expired: 'Diese Anmeldung ist abgelaufen. Bitte melden Sie sich noch einmal an.',
  event_not_found:
    'Ihre letzte Aktivität hat keinen solchen Eintrag. Nur was in den letzten sieben Tagen geschah, können Sie melden.',
  session_not_found: 'Dieses Gerät ist schon abgemeldet.',
  trusted_device_not_found: 'Dieses Gerät wurde schon entfernt.',
  two_factor_setup_required: 'Die Einrichtung ist abgelaufen. Bitte beginnen Sie noch einmal.',
  two_factor_not_enabled: 'Die Zwei-Faktor-Authentifizierung ist nicht eingeschaltet.',
  two_factor_unavailable:
    'Die Zwei-Faktor-Authentifizierung kann gerade nicht eingeschaltet werden. Bitte versuchen Sie es später noch einmal.',
  email_code_unavailable:
    'Für dieses Konto kann kein Code gesendet werden. Bitte bestätigen Sie auf andere Weise, dass Sie es sind.',
  identity_not_found: 'Ihr Konto ist mit diesem Anbieter nicht mehr verbunden.',
  identity_already_linked:
    'Ihr Konto ist schon mit diesem Anbieter verbunden. Entfernen Sie zuerst diese Verbindung.',
  last_sign_in_method:
    'Das ist der einzige Weg, sich bei Ihrem Konto anzumelden. Setzen Sie zuerst ein Passwort, oder verbinden Sie ein anderes Konto.',
  provider_error: 'Der Anbieter war nicht erreichbar. Bitte versuchen Sie es gleich noch einmal.',
  provider_cannot_reauthenticate:
    'Dieser Anbieter kann nicht bestätigen, dass Sie es sind. Bitte wählen Sie einen anderen Weg.',
  session_not_by_cookie: 'Bitte melden Sie sich auf diesem Gerät zuerst noch einmal an.',
  demo_readonly: 'Das Demokonto kann nicht geändert werden.',
};
