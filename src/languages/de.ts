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
        'Der Link funktioniert einmal und ist 24 Stunden lang gültig.',
        'Wenn Sie kein Konto bei uns haben, hat jemand anderes Ihre Adresse eingegeben. Sie können diese E-Mail ignorieren: Die Adresse bleibt unbestätigt.',
      ],
    },
    confirm_registration: {
      subject: 'Schließen Sie Ihre Registrierung ab',
      paragraphs: ['Bitte bestätigen Sie Ihre E-Mail-Adresse, um Ihr Konto anzulegen.'],
      link: 'Registrierung abschließen',
      closing: [
        'Wir fragen Sie nach dem Passwort, das Sie gewählt haben. Der Link funktioniert einmal und ist 24 Stunden lang gültig.',
        'Wenn Sie sich nicht registriert haben, können Sie diese E-Mail ignorieren: Es wird kein Konto angelegt.',
      ],
    },
    reset_password: {
      subject: 'Wählen Sie ein neues Passwort',
      paragraphs: ['Jemand, vermutlich Sie, hat ein neues Passwort für Ihr Konto angefordert.'],
      link: 'Neues Passwort wählen',
      closing: [
        'Der Link funktioniert einmal und ist eine Stunde lang gültig.',
        'Wenn Sie das nicht waren, können Sie diese E-Mail ignorieren: Ihr Passwort ändert sich nicht.',
      ],
    },
    confirm_email_change: {
      subject: 'Bestätigen Sie Ihre neue E-Mail-Adresse',
      paragraphs: [
        'Jemand möchte diese E-Mail-Adresse für ein Konto verwenden. Bitte bestätigen Sie die Änderung, wenn das Konto Ihnen gehört.',
      ],
      link: 'Neue Adresse bestätigen',
      closing: [
        'Der Link funktioniert einmal und ist 24 Stunden lang gültig.',
        'Wenn Sie das nicht angefordert haben, können Sie diese E-Mail ignorieren: Es ändert sich nichts.',
      ],
    },
    email_changed: {
      subject: 'Ihre E-Mail-Adresse wurde geändert',
      paragraphs: [
        'Ihr Konto hat jetzt eine andere E-Mail-Adresse. Mit dieser können Sie sich nicht mehr anmelden.',
      ],
      link: 'Das war ich nicht: diese Adresse wiederherstellen',
      closing: [
        'Der Link ist bis sieben Tage nach der Änderung gültig, oder einen Tag lang, falls diese Adresse nie bestätigt wurde. Er stellt diese Adresse wieder her, meldet alle Geräte ab und sendet Ihnen eine E-Mail, mit der Sie ein neues Passwort wählen können.',
      ],
    },
    new_device: {
      subject: 'Neue Anmeldung bei Ihrem Konto',
      paragraphs: ['Jemand hat sich auf einem neuen Gerät bei Ihrem Konto angemeldet.'],
      link: 'Das war ich nicht',
      closing: [
        'Wenn Sie das waren, müssen Sie nichts tun.',
        'Der Link ist sieben Tage lang gültig. Er meldet alle Geräte ab und sendet Ihnen eine E-Mail, mit der Sie ein neues Passwort wählen können.',
      ],
    },
    account_locked: {
      subject: 'Zu viele fehlgeschlagene Anmeldungen',
      paragraphs: [
        'Jemand hat zu oft ein falsches Passwort für Ihr Konto eingegeben. Auf neuen Geräten ist die Anmeldung vorübergehend gesperrt.',
      ],
      link: 'Konto entsperren',
      closing: [
        'Öffnen Sie den Link auf dem Gerät, auf dem Sie sich anmelden möchten. Er funktioniert einmal und ist mindestens eine Stunde lang gültig.',
        'Geräte, auf denen Sie sich bereits angemeldet haben, sind nicht betroffen.',
      ],
    },
    email_taken: {
      subject: 'Jemand wollte Ihre E-Mail-Adresse verwenden',
      paragraphs: [
        'Jemand hat Ihre E-Mail-Adresse für ein Konto eingegeben. Sie gehört bereits zu einem Konto, deshalb wurde nichts geändert.',
        'Wenn Sie das waren, melden Sie sich wie gewohnt an oder fordern Sie auf der Anmeldeseite ein neues Passwort an.',
      ],
    },
    password_changed: {
      subject: 'Ihr Passwort wurde geändert',
      paragraphs: [
        'Das Passwort Ihres Kontos wurde geändert, und andere Geräte wurden abgemeldet.',
        'Wenn Sie das nicht waren, fordern Sie auf der Anmeldeseite sofort ein neues Passwort an: Die E-Mail dafür senden wir an diese Adresse.',
      ],
    },
    refresh_token_reused: {
      subject: 'Ein Gerät wurde zu Ihrer Sicherheit abgemeldet',
      paragraphs: [
        'Für eine Ihrer Sitzungen wurden veraltete Zugangsdaten erneut verwendet. Das kann geschehen, wenn jemand sie kopiert hat; deshalb haben wir diese Sitzung beendet.',
        'Wenn Ihnen noch etwas auffällt, das nicht von Ihnen stammt, fordern Sie auf der Anmeldeseite ein neues Passwort an: Das meldet alle Geräte ab.',
      ],
    },
    password_check_locked: {
      subject: 'Zu viele falsche Passwörter',
      paragraphs: [
        'Auf einem Gerät, das bei Ihrem Konto angemeldet ist, wurde zu oft ein falsches Passwort eingegeben. Sicherheitsrelevante Änderungen sind auf diesem Gerät vorübergehend gesperrt.',
        'Wenn Sie das nicht waren, fordern Sie auf der Anmeldeseite ein neues Passwort an: Das meldet alle Geräte ab.',
      ],
    },
    email_restored: {
      subject: 'Diese E-Mail-Adresse wurde von einem Konto entfernt',
      paragraphs: [
        'Für das Konto, das diese E-Mail-Adresse verwendet hat, wurde die frühere Adresse wiederhergestellt. Mit dieser Adresse können Sie sich nicht mehr anmelden, und alle Geräte wurden abgemeldet.',
        'Wenn Sie das nicht erwartet haben, war es jemand mit Zugriff auf das Postfach der früheren Adresse. Wenn dieses Postfach Ihnen gehört, sichern Sie es und wählen Sie dann mit der E-Mail, die wir dorthin gesendet haben, ein neues Passwort.',
      ],
    },
    account_deleted: {
      subject: 'Ihr Konto wurde gelöscht',
      paragraphs: [
        'Ihr Konto und alle zugehörigen Daten wurden gelöscht, wie mit seinem Passwort angefordert. Das lässt sich nicht rückgängig machen.',
      ],
    },
  },
  mailFrame: {
    when: 'Wann',
    where: 'Wo',
    device: 'Gerät',
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
  },
  fields: {
    password: 'Passwort',
    newPassword: 'Neues Passwort',
    confirmPassword: 'Neues Passwort wiederholen',
    passwordHint: (characters) =>
      `Mindestens ${characters} Zeichen. Einige Wörter ohne Zusammenhang sind leicht zu merken.`,
    verifyPasswordHint: 'Das Passwort, das Sie bei der Registrierung gewählt haben.',
    confirmPasswordHint: 'Das Passwort des Kontos, das diese Adresse bekommt.',
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
