import type { LinkPageTexts } from '../en/link-pages.ts';

/** The pages that links in mails lead to. */
export const linkPages: LinkPageTexts = {
  verifyEmail: {
    title: 'E-Mail-Adresse bestätigen',
    paragraphs: ['Bestätigen Sie mit der Schaltfläche, dass diese E-Mail-Adresse Ihnen gehört.'],
    submit: 'Bestätigen',
    done: {
      title: 'Adresse bestätigt',
      paragraphs: ['Ihre E-Mail-Adresse ist bestätigt.'],
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
      paragraphs: ['Sie können sich jetzt mit Ihrem neuen Passwort anmelden.'],
    },
  },
  confirmEmailChange: {
    title: 'Neue Adresse bestätigen',
    paragraphs: ['Bestätigen Sie nur, wenn das Konto Ihnen gehört und Sie diese Änderung angefordert haben.'],
    submit: 'Neue Adresse bestätigen',
    done: {
      title: 'Adresse geändert',
      paragraphs: ['Ab jetzt melden Sie sich mit der neuen Adresse an.'],
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
      paragraphs: ['Sie können sich auf diesem Gerät wieder anmelden.'],
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
        'Wenn Sie nicht um die Entfernung gebeten haben, wenden Sie sich bitte an den Betreiber dieses Dienstes.',
      ],
    },
  },
};
