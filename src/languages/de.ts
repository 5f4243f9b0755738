import type { Language } from './language.ts';

/** German. */
export const de: Language = {
  tag: 'de',
  mails: {
    verify_email: {
      subject: 'Bestätigen Sie Ihre E-Mail-Adresse',
      paragraphs: ['Bitte bestätigen Sie, dass diese E-Mail-Adresse zu Ihrem Konto gehört.'],
      link: 'E-Mail-Adresse bestätigen',
      closing: [
        'Der Link gilt einmal und 24 Stunden lang.',
        'Wenn Sie kein Konto bei uns haben, hat jemand Ihre Adresse eingegeben. Sie müssen nichts tun: Ohne Ihre Bestätigung bleibt sie unbestätigt.',
      ],
    },
    confirm_registration: {
      subject: 'Schließen Sie Ihre Registrierung ab',
      paragraphs: ['Bitte bestätigen Sie Ihre E-Mail-Adresse. Damit beginnt Ihr Konto.'],
      link: 'Registrierung abschließen',
      closing: [
        'Sie werden nach dem Passwort gefragt, das Sie gewählt haben. Der Link gilt einmal und 24 Stunden lang.',
        'Wenn Sie sich nicht registriert haben, müssen Sie nichts tun: Es entsteht kein Konto.',
      ],
    },
    reset_password: {
      subject: 'Wählen Sie ein neues Passwort',
      paragraphs: ['Jemand, vermutlich Sie, hat ein neues Passwort für Ihr Konto angefordert.'],
      link: 'Neues Passwort wählen',
      closing: [
        'Der Link gilt einmal und eine Stunde lang.',
        'Wenn Sie das nicht waren, müssen Sie nichts tun: Ihr Passwort bleibt, wie es ist.',
      ],
    },
    confirm_email_change: {
      subject: 'Bestätigen Sie Ihre neue E-Mail-Adresse',
      paragraphs: [
        'Ein Konto soll auf diese E-Mail-Adresse umziehen. Bitte bestätigen Sie das, wenn das Konto Ihnen gehört.',
      ],
      link: 'Neue Adresse bestätigen',
      closing: [
        'Der Link gilt einmal und 24 Stunden lang.',
        'Wenn Sie das nicht angefordert haben, müssen Sie nichts tun: Ohne Ihre Bestätigung ändert sich nichts.',
      ],
    },
    email_changed: {
      subject: 'Ihre E-Mail-Adresse wurde geändert',
      paragraphs: [
        'Ihr Konto hat jetzt eine andere E-Mail-Adresse. Mit dieser hier können Sie sich nicht mehr anmelden.',
      ],
      link: 'Das war ich nicht: diese Adresse wiederherstellen',
      closing: [
        'Der Link gilt bis sieben Tage nach der Änderung. Er stellt diese Adresse wieder her, meldet alle Geräte ab und schickt Ihnen eine Mail für ein neues Passwort.',
      ],
    },
    new_device: {
      subject: 'Neue Anmeldung an Ihrem Konto',
      paragraphs: [
        'Jemand hat sich an Ihrem Konto angemeldet, auf einem Gerät, mit dem es bisher nicht verwendet wurde.',
      ],
      link: 'Das war ich nicht',
      closing: [
        'Wenn Sie das waren, ist nichts zu tun.',
        'Der Link gilt sieben Tage lang. Er meldet alle Geräte ab und schickt Ihnen eine Mail für ein neues Passwort.',
      ],
    },
    account_locked: {
      subject: 'Zu viele fehlgeschlagene Anmeldungen',
      paragraphs: [
        'Jemand hat zu oft ein falsches Passwort für Ihr Konto eingegeben. Auf Geräten, mit denen Ihr Konto bisher nicht verwendet wurde, ist die Anmeldung für eine Weile gesperrt.',
      ],
      link: 'Sperre aufheben',
      closing: [
        'Öffnen Sie den Link auf dem Gerät, auf dem Sie sich anmelden möchten. Er gilt einmal und eine Stunde lang.',
        'Geräte, auf denen Sie sich schon einmal angemeldet haben, sind nicht betroffen.',
      ],
    },
    email_taken: {
      subject: 'Jemand wollte Ihre E-Mail-Adresse verwenden',
      paragraphs: [
        'Jemand hat Ihre E-Mail-Adresse für ein Konto eingegeben. Sie gehört bereits zu einem Konto, daher wurde nichts geändert.',
        'Wenn Sie das waren, melden Sie sich wie gewohnt an, oder fordern Sie dort ein neues Passwort an.',
      ],
    },
    password_changed: {
      subject: 'Ihr Passwort wurde geändert',
      paragraphs: [
        'Das Passwort Ihres Kontos wurde geändert, und andere Geräte wurden abgemeldet.',
        'Wenn Sie das nicht waren, fordern Sie sofort ein neues Passwort an, dort wo Sie sich anmelden: Die Mail dafür kommt an diese Adresse.',
      ],
    },
    refresh_token_reused: {
      subject: 'Ein Gerät wurde zu Ihrer Sicherheit abgemeldet',
      paragraphs: [
        'Eine Anmeldung Ihres Kontos wurde mit einem nicht mehr gültigen Nachweis ein zweites Mal verwendet, wie es geschieht, wenn er kopiert wurde. Wir haben diese Sitzung beendet.',
        'Wenn Ihnen noch etwas auffällt, das nicht von Ihnen ist, fordern Sie ein neues Passwort an, dort wo Sie sich anmelden: Das meldet alle Geräte ab.',
      ],
    },
    password_check_locked: {
      subject: 'Zu viele falsche Passwörter',
      paragraphs: [
        'Auf einem Gerät, das an Ihrem Konto angemeldet ist, wurde zu oft ein falsches Passwort eingegeben. Wichtige Änderungen sind dort für eine Weile gesperrt.',
        'Wenn Sie das nicht waren, fordern Sie ein neues Passwort an, dort wo Sie sich anmelden: Das meldet alle Geräte ab.',
      ],
    },
    email_restored: {
      subject: 'Mit dieser Adresse meldet sich kein Konto mehr an',
      paragraphs: [
        'Das Konto, das diese E-Mail-Adresse verwendet hat, hat seine frühere Adresse zurück und meldet sich dort an. Alle Geräte wurden abgemeldet.',
        'Wenn Sie das nicht erwartet haben, war es jemand, der die Mails an die frühere Adresse liest. Wenn dieses Postfach Ihnen gehört, sichern Sie es, und wählen Sie dann mit der Mail, die wir dorthin geschickt haben, ein neues Passwort.',
      ],
    },
    account_deleted: {
      subject: 'Ihr Konto wurde gelöscht',
      paragraphs: [
        'Ihr Konto und alles, was dazu gehörte, wurde gelöscht, wie es mit seinem Passwort verlangt wurde. Das lässt sich nicht rückgängig machen.',
      ],
    },
  },
  mailFrame: {
    when: 'Wann',
    where: 'Wo',
    device: 'Gerät',
    copyLink: 'Oder kopieren Sie diese Adresse in Ihren Browser:',
    footer: (host) =>
      `Sie erhalten diese Mail von ${host}, weil es um die Sicherheit eines Kontos mit dieser Adresse geht.`,
  },
  pages: {
    verifyEmail: {
      title: 'E-Mail-Adresse bestätigen',
      paragraphs: ['Bestätigen Sie mit dem Knopf, dass die Adresse Ihnen gehört.'],
      submit: 'Bestätigen',
      done: {
        title: 'Adresse bestätigt',
        paragraphs: ['Ihre E-Mail-Adresse ist bestätigt. Sie können diese Seite schließen.'],
      },
    },
    resetPassword: {
      title: 'Neues Passwort wählen',
      paragraphs: ['Alle Geräte werden abgemeldet. Melden Sie sich danach mit dem neuen Passwort an.'],
      submit: 'Neues Passwort speichern',
      done: {
        title: 'Passwort geändert',
        paragraphs: ['Sie können sich jetzt mit Ihrem neuen Passwort anmelden und diese Seite schließen.'],
      },
    },
    confirmEmailChange: {
      title: 'Neue Adresse bestätigen',
      paragraphs: [
        'Drücken Sie den Knopf nur, wenn das Konto Ihnen gehört und Sie diese Änderung angefordert haben.',
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
        'Drücken Sie den Knopf, wenn Sie die Adresse Ihres Kontos nicht geändert haben. Alle Geräte werden abgemeldet, und Sie erhalten eine Mail für ein neues Passwort.',
      ],
      submit: 'Diese Adresse wiederherstellen',
      done: {
        title: 'Adresse wiederhergestellt',
        paragraphs: [
          'Alle Geräte wurden abgemeldet. Bitte wählen Sie mit der Mail, die wir Ihnen gerade geschickt haben, ein neues Passwort.',
        ],
      },
    },
    notMe: {
      title: 'Das war ich nicht',
      paragraphs: [
        'Drücken Sie den Knopf, wenn Sie die Anmeldung nicht kennen. Alle Geräte werden abgemeldet, und Sie erhalten eine Mail für ein neues Passwort.',
      ],
      submit: 'Überall abmelden',
      done: {
        title: 'Überall abgemeldet',
        paragraphs: [
          'Bitte wählen Sie mit der Mail, die wir Ihnen gerade geschickt haben, ein neues Passwort.',
        ],
      },
    },
    unlock: {
      title: 'Sperre aufheben',
      paragraphs: ['Drücken Sie den Knopf, um sich auf diesem Gerät wieder anmelden zu können.'],
      submit: 'Sperre aufheben',
      done: {
        title: 'Sperre aufgehoben',
        paragraphs: ['Sie können sich auf diesem Gerät wieder anmelden und diese Seite schließen.'],
      },
    },
  },
  fields: {
    password: 'Passwort',
    newPassword: 'Neues Passwort',
    confirmPassword: 'Neues Passwort wiederholen',
    passwordHint: (characters) =>
      `Mindestens ${characters} Zeichen. Einige Wörter hintereinander sind leicht zu merken.`,
    verifyPasswordHint: 'Das Passwort, mit dem Sie sich registriert haben.',
  },
  fieldErrors: {
    required: 'Bitte füllen Sie alle Felder aus.',
    tooShort: 'Das Passwort ist zu kurz.',
    tooLong: 'Das Passwort ist zu lang.',
    mismatch: 'Die beiden Eingaben unterscheiden sich.',
    invalid: 'Bitte prüfen Sie Ihre Eingabe.',
  },
  errors: {
    token_invalid: 'Dieser Link gilt nicht mehr. Bitte fordern Sie einen neuen an.',
    password_required: 'Hier wird das richtige Passwort des Kontos gebraucht.',
    password_too_common: 'Dieses Passwort ist zu leicht zu erraten. Bitte wählen Sie ein anderes.',
    password_breached: 'Dieses Passwort ist aus einem Datenleck bekannt. Bitte wählen Sie ein anderes.',
    too_many_attempts: 'Es waren zu viele Versuche. Bitte versuchen Sie es später noch einmal.',
    rate_limited: 'Es waren zu viele Anfragen. Bitte warten Sie einen Moment.',
    overloaded: 'Gerade ist zu viel los. Bitte versuchen Sie es gleich noch einmal.',
    service_unavailable: 'Wir können gerade nicht antworten. Bitte versuchen Sie es gleich noch einmal.',
    csrf_rejected:
      'Das Formular kam von einer anderen Seite. Bitte öffnen Sie den Link in Ihrer Mail noch einmal.',
    internal_error: 'Bei uns ist etwas schiefgegangen. Bitte versuchen Sie es noch einmal.',
    not_found: 'Unter dieser Adresse gibt es nichts.',
  },
  errorPage: {
    title: 'Das hat nicht geklappt',
    reference: 'Kennung',
    incompleteLink: 'Der Link ist nicht vollständig. Bitte öffnen Sie den Link in Ihrer Mail noch einmal.',
  },
};
