import type { FromProviderTexts } from '../en/from-provider.ts';

/** Why a visit to a provider came to nothing, by the code that it brought back. */
export const fromProvider: FromProviderTexts = {
  signIn: {
    access_denied:
      'Niemand wurde angemeldet. Bitte versuchen Sie es noch einmal, oder melden Sie sich auf andere Weise an.',
    provider_error: 'Der Anbieter war nicht erreichbar. Bitte versuchen Sie es gleich noch einmal.',
    transaction_invalid: 'Dieser Besuch ist abgelaufen. Bitte versuchen Sie es noch einmal.',
    email_not_verified:
      'Der Anbieter steht nicht für Ihre E-Mail-Adresse ein. Bestätigen Sie die Adresse dort oder mit unserer E-Mail, und versuchen Sie es noch einmal.',
    account_exists:
      'Mit dieser Adresse gibt es schon ein Konto. Melden Sie sich dort auf andere Weise an, und verbinden Sie die Konten dann.',
    registration_closed:
      'Hier können derzeit keine neuen Konten angelegt werden. Bitte versuchen Sie es später noch einmal.',
    two_factor_required:
      'Bitte melden Sie sich noch einmal an, und halten Sie den Code Ihrer Authenticator-App bereit.',
    rate_limited:
      'Von hier kamen zu viele Anmeldungen. Bitte warten Sie eine Weile, und versuchen Sie es noch einmal.',
    otherwise: 'Die Anmeldung war nicht erfolgreich. Bitte versuchen Sie es noch einmal.',
  },
  account: {
    access_denied: 'Sie sind ohne Bestätigung zurückgekommen. Es wurde nichts geändert.',
    provider_error: 'Der Anbieter war nicht erreichbar. Bitte versuchen Sie es gleich noch einmal.',
    transaction_invalid:
      'Dieser Besuch ist abgelaufen, oder Sie waren dort jemand anderes. Es wurde nichts geändert: Bitte versuchen Sie es noch einmal.',
    account_exists:
      'Das Konto, das Sie dort gewählt haben, ist hier mit einem anderen Konto verbunden. Es wurde nichts geändert.',
    identity_already_linked:
      'Ihr Konto ist schon mit diesem Anbieter verbunden. Entfernen Sie zuerst diese Verbindung.',
    reauthentication_required:
      'Bitte bestätigen Sie zuerst, dass Sie es sind, und versuchen Sie es noch einmal.',
    rate_limited:
      'Von hier kamen zu viele Besuche. Bitte warten Sie eine Weile, und versuchen Sie es noch einmal.',
    otherwise: 'Das war nicht erfolgreich, und es wurde nichts geändert. Bitte versuchen Sie es noch einmal.',
  },
};
