import { mails } from './de/mails.ts';
import type { Language } from './language.ts';

/** German. */
export const de: Language = {
  tag: 'de',
  mails,
  mailFrame: {
    when: 'Wann',
    where: 'Wo',
    device: 'Gerät',
    provider: 'Anbieter',
    takesEffect: 'Wird wirksam',
    inHours: (hours) => (hours === 1 ? '1 Stunde später' : `${hours} Stunden später`),
    copyLink: 'Oder kopieren Sie diese Adresse in Ihren Browser:',
    footer: (host) =>
      `Sie erhalten diese E-Mail von ${host}, weil es um die Sicherheit eines Kontos mit dieser Adresse geht.`,
  },
  pages: {
    verifyEmail: {
      title: 'E-Mail-Adresse bestätigen',
      paragraphs: ['Bestätigen Sie mit der Schaltfläche, dass diese E-Mail-Adresse Ihnen gehört.'],
      submit: 'Bestätigen',
      done: {
        title: 'Adresse bestätigt',
        paragraphs: ['Ihre E-Mail-Adresse ist bestätigt. Sie können diese Seite schließen.'],
      },
    },
    resetPassword: {
      title: 'Neues Passwort wählen',
      paragraphs: [
        'Dabei werden alle Geräte abgemeldet. Danach können Sie sich mit dem neuen Passwort anmelden.',
      ],
      submit: 'Neues Passwort speichern',
      done: {
        title: 'Passwort geändert',
        paragraphs: ['Sie können sich jetzt mit Ihrem neuen Passwort anmelden und diese Seite schließen.'],
      },
    },
    confirmEmailChange: {
      title: 'Neue Adresse bestätigen',
      paragraphs: [
        'Bestätigen Sie nur, wenn das Konto Ihnen gehört und Sie diese Änderung angefordert haben.',
      ],
      submit: 'Neue Adresse bestätigen',
      done: {
        title: 'Adresse geändert',
        paragraphs: ['Ab jetzt melden Sie sich mit der neuen Adresse an. Sie können diese Seite schließen.'],
      },
    },
    revertEmailChange: {
      title: 'Adresse wiederherstellen',
      paragraphs: [
        'Stellen Sie diese Adresse wieder her, wenn Sie die Adresse Ihres Kontos nicht geändert haben. Dabei werden alle Geräte abgemeldet, und Sie erhalten eine E-Mail, mit der Sie ein neues Passwort wählen können.',
      ],
      submit: 'Diese Adresse wiederherstellen',
      done: {
        title: 'Adresse wiederhergestellt',
        paragraphs: [
          'Alle Geräte wurden abgemeldet. Bitte wählen Sie mit der E-Mail, die wir Ihnen gerade gesendet haben, ein neues Passwort.',
        ],
      },
    },
    notMe: {
      title: 'Das war ich nicht',
      paragraphs: [
        'Melden Sie alle Geräte ab, wenn die Anmeldung nicht von Ihnen stammt. Sie erhalten dann eine E-Mail, mit der Sie ein neues Passwort wählen können.',
      ],
      submit: 'Überall abmelden',
      done: {
        title: 'Überall abgemeldet',
        paragraphs: [
          'Bitte wählen Sie mit der E-Mail, die wir Ihnen gerade gesendet haben, ein neues Passwort.',
        ],
      },
    },
    unlock: {
      title: 'Konto entsperren',
      paragraphs: ['Entsperren Sie Ihr Konto, um sich auf diesem Gerät wieder anmelden zu können.'],
      submit: 'Konto entsperren',
      done: {
        title: 'Konto entsperrt',
        paragraphs: ['Sie können sich auf diesem Gerät wieder anmelden und diese Seite schließen.'],
      },
    },
    keepTwoFactor: {
      title: 'Zwei-Faktor-Authentifizierung behalten',
      paragraphs: [
        'Bestätigen Sie mit der Schaltfläche, dass die Zwei-Faktor-Authentifizierung nicht von Ihrem Konto entfernt werden soll. Zum Anmelden brauchen Sie dann wie bisher Ihre Codes.',
      ],
      submit: 'Behalten',
      done: {
        title: 'Entfernung verhindert',
        paragraphs: [
          'Die Zwei-Faktor-Authentifizierung bleibt eingeschaltet. Es wurde nichts geändert.',
          'Wenn Sie nicht um die Entfernung gebeten haben, wenden Sie sich bitte an den Betreiber dieses Dienstes. Sie können diese Seite schließen.',
        ],
      },
    },
  },
  fields: {
    password: 'Passwort',
    newPassword: 'Neues Passwort',
    confirmPassword: 'Neues Passwort wiederholen',
    passwordHint: (characters) =>
      `Mindestens ${characters} Zeichen. Einige Wörter ohne Zusammenhang sind leicht zu merken.`,
    verifyPasswordHint:
      'Das Passwort, das Sie bei der Registrierung gewählt haben. Hat das Konto keines, melden Sie sich zuerst hier an, und öffnen Sie den Link noch einmal.',
    confirmPasswordHint:
      'Das Passwort des Kontos, das diese Adresse bekommt. Hat es keines, melden Sie sich zuerst hier an, und öffnen Sie den Link noch einmal.',
  },
  fieldErrors: {
    required: 'Bitte füllen Sie alle Felder aus.',
    tooShort: 'Das Passwort ist zu kurz.',
    tooLong: 'Das Passwort ist zu lang.',
    mismatch: 'Die beiden Passwörter stimmen nicht überein.',
    invalid: 'Bitte prüfen Sie Ihre Eingabe.',
  },
  errors: {
    token_invalid: 'Dieser Link ist nicht mehr gültig. Bitte fordern Sie einen neuen an.',
    password_required: 'Bitte geben Sie das richtige Passwort des Kontos ein.',
    password_too_common: 'Dieses Passwort ist zu leicht zu erraten. Bitte wählen Sie ein anderes.',
    password_breached: 'Dieses Passwort ist aus einem Datenleck bekannt. Bitte wählen Sie ein anderes.',
    registration_closed:
      'Hier können derzeit keine neuen Konten angelegt werden. Bitte versuchen Sie es später noch einmal.',
    too_many_attempts: 'Zu viele Versuche. Bitte versuchen Sie es später noch einmal.',
    rate_limited: 'Zu viele Anfragen. Bitte warten Sie einen Moment.',
    overloaded: 'Der Dienst ist gerade ausgelastet. Bitte versuchen Sie es gleich noch einmal.',
    service_unavailable: 'Der Dienst ist gerade nicht verfügbar. Bitte versuchen Sie es gleich noch einmal.',
    csrf_rejected:
      'Das Formular wurde von einer anderen Website gesendet. Bitte öffnen Sie den Link in Ihrer E-Mail noch einmal.',
    internal_error: 'Bei uns ist etwas schiefgegangen. Bitte versuchen Sie es noch einmal.',
    not_found: 'Seite nicht gefunden.',
  },
  errorPage: {
    title: 'Das hat nicht geklappt',
    reference: 'Kennung',
    incompleteLink: 'Der Link ist unvollständig. Bitte öffnen Sie den Link in Ihrer E-Mail noch einmal.',
  },
};
