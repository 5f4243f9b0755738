import type { MailLanguage } from '../mail-language.ts';

const notMe = [
  'Wenn Sie das waren, müssen Sie nichts tun.',
  'Der Link ist sieben Tage lang gültig. Er meldet alle Geräte ab, macht rückgängig, was Ihrem Konto seither hinzugefügt wurde, auch dies, und sendet Ihnen eine E-Mail, mit der Sie ein neues Passwort wählen können.',
  'Wenn bei der Anmeldung ein Code verlangt wird, den Sie nicht haben, hat jemand anderes das eingeschaltet: Öffnen Sie den Link auch dann.',
];

/** The mails in German. */
export const mails: MailLanguage['mails'] = {
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
  activity_disowned: {
    subject: 'Das waren nicht Sie? Noch ein Schritt',
    paragraphs: [
      'Jemand, der bei Ihrem Konto angemeldet ist, wahrscheinlich Sie, hat zu etwas in der letzten Aktivität gesagt: „Das war ich nicht“. Alle anderen Geräte wurden abgemeldet.',
      'Öffnen Sie den Link, um den anderen endgültig auszusperren.',
    ],
    link: 'Das war ich nicht',
    closing: [
      'Der Link ist mindestens einen Tag lang gültig. Er meldet alle Geräte ab, entfernt, was Ihrem Konto seither hinzugefügt wurde, und sendet Ihnen eine E-Mail, mit der Sie ein neues Passwort wählen können.',
      'Wenn nicht Sie das gesagt haben, ist jemand anderes bei Ihrem Konto angemeldet: Öffnen Sie den Link auch dann.',
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
  two_factor_reset_requested: {
    subject: 'Die Zwei-Faktor-Authentifizierung wird entfernt',
    paragraphs: [
      'Jemand hat den Betreiber dieses Dienstes gebeten, die Zwei-Faktor-Authentifizierung von Ihrem Konto zu entfernen. Das geschieht nach einer Wartezeit, wenn Sie es nicht verhindern.',
    ],
    link: 'Zwei-Faktor-Authentifizierung behalten',
    closing: [
      'Wenn Sie das waren, zum Beispiel weil Sie Ihr Telefon verloren haben, müssen Sie nichts tun.',
      'Der Link ist gültig, bis die Entfernung wirksam wird. Auch eine Anmeldung mit einem Code verhindert sie.',
    ],
  },
  password_withdrawn: {
    subject: 'Ihr Passwort wurde zu Ihrer Sicherheit entfernt',
    paragraphs: [
      'Jemand, der Ihr Passwort kannte oder ein angemeldetes Gerät benutzte, hat zu viele falsche Codes für die Zwei-Faktor-Authentifizierung eingegeben. Um Ihr Konto zu schützen, haben wir das Passwort entfernt und alle Geräte abgemeldet.',
    ],
    link: 'Neues Passwort wählen',
    closing: [
      'Der Link funktioniert einmal und ist eine Stunde lang gültig. Danach können Sie auf der Anmeldeseite einen neuen anfordern.',
    ],
  },
  reauthentication_code: {
    subject: 'Ihr Code zur Bestätigung, dass Sie es sind',
    paragraphs: [
      'Jemand, vermutlich Sie, möchte auf einem Gerät, das bei Ihrem Konto angemeldet ist, etwas Wichtiges ändern und muss vorher nachweisen, dass das Konto ihm gehört. Geben Sie auf diesem Gerät diesen Code ein:',
    ],
    closing: [
      'Der Code funktioniert einmal, nur auf diesem Gerät, und ist 10 Minuten lang gültig.',
      'Niemand wird Sie jemals nach diesem Code fragen, auch wir nicht: Geben Sie ihn an niemanden weiter, und geben Sie ihn nur dort ein, wo Sie ihn angefordert haben.',
      'Wenn Sie das nicht waren, verwendet jemand anderes ein Gerät, das bei Ihrem Konto angemeldet ist. Geben Sie den Code nicht ein. Melden Sie sich an und melden Sie alle anderen Geräte ab, oder fordern Sie auf der Anmeldeseite ein neues Passwort an: Das meldet alle Geräte ab.',
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
    paragraphs: ['Das Passwort Ihres Kontos wurde geändert, und andere Geräte wurden abgemeldet.'],
    link: 'Das war ich nicht',
    closing: notMe,
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
      'Ihr Konto und alle zugehörigen Daten wurden gelöscht. Angefordert hat das jemand, der bei dem Konto angemeldet war und bestätigt hat, dass es ihm gehört. Das lässt sich nicht rückgängig machen.',
    ],
  },
  account_taken_over: {
    subject: 'Das Konto zu Ihrer E-Mail-Adresse beginnt neu',
    paragraphs: [
      'Jemand hatte mit dieser E-Mail-Adresse ein Konto angelegt und sie nie bestätigt. Jetzt wurde die Adresse bestätigt, und das Konto gehört dem, der das getan hat: Das bisherige Passwort, verbundene Anmeldungen und Links gelten nicht mehr, und alle Geräte wurden abgemeldet.',
      'Wenn Sie die Adresse bestätigt haben, brauchen Sie nichts zu tun. Wenn Sie das Konto angelegt und eben nichts bestätigt haben, liest jemand anderes Ihre E-Mails oder nutzt Ihr Konto bei einem Identitätsanbieter: Sichern Sie beides, und fordern Sie dann auf der Anmeldeseite ein neues Passwort an.',
    ],
  },
  identity_linked: {
    subject: 'Ihrem Konto wurde eine Anmeldung hinzugefügt',
    paragraphs: [
      'Mit Ihrem Konto wurde eine Anmeldung bei einem Identitätsanbieter verbunden. Wer sich dort anmeldet, kann sich jetzt auch hier anmelden.',
    ],
    link: 'Das war ich nicht',
    closing: notMe,
  },
  identity_unlinked: {
    subject: 'Aus Ihrem Konto wurde eine Anmeldung entfernt',
    paragraphs: [
      'Aus Ihrem Konto wurde die Anmeldung bei einem Identitätsanbieter entfernt. Mit ihr kann man sich hier nicht mehr anmelden.',
      'Wenn Sie das nicht waren, fordern Sie auf der Anmeldeseite ein neues Passwort an: Das meldet alle Geräte ab. Verbinden Sie den Anbieter danach wieder.',
    ],
  },
  identity_not_linked: {
    subject: 'Melden Sie sich wie bisher an',
    paragraphs: [
      'Jemand wollte sich mit einem Identitätsanbieter anmelden, der diese E-Mail-Adresse angegeben hat. Mit ihr haben Sie hier ein Konto, aber diese Anmeldung ist nicht damit verbunden. Deshalb wurde niemand eingelassen.',
      'Wenn Sie das waren, melden Sie sich wie bisher an, oder fordern Sie auf der Anmeldeseite ein neues Passwort an. Danach können Sie den Anbieter in Ihrem Konto verbinden. Wenn Sie das nicht waren, brauchen Sie nichts zu tun.',
    ],
  },
  two_factor_enabled: {
    subject: 'Die Zwei-Faktor-Authentifizierung wurde eingeschaltet',
    paragraphs: [
      'Für Ihr Konto wurde die Zwei-Faktor-Authentifizierung eingeschaltet oder ihre Authenticator-App durch eine andere ersetzt. Zum Anmelden brauchen Sie jetzt neben Ihrem Passwort einen Code aus dieser App.',
    ],
    link: 'Das war ich nicht',
    closing: notMe,
  },
  two_factor_disabled: {
    subject: 'Die Zwei-Faktor-Authentifizierung wurde ausgeschaltet',
    paragraphs: [
      'Für Ihr Konto wurde die Zwei-Faktor-Authentifizierung ausgeschaltet. Codes und vertraute Geräte zählen nicht mehr: Zum Anmelden genügt Ihr Passwort.',
      'Wenn Sie das nicht waren, fordern Sie auf der Anmeldeseite sofort ein neues Passwort an: Das meldet alle Geräte ab. Schalten Sie danach die Zwei-Faktor-Authentifizierung wieder ein.',
    ],
  },
  backup_codes_renewed: {
    subject: 'Neue Ersatzcodes wurden erstellt',
    paragraphs: [
      'Für Ihr Konto wurden neue Ersatzcodes erstellt. Die alten funktionieren nicht mehr.',
      'Wenn Sie das nicht waren, hat jemand anderes Ihre neuen Codes. Fordern Sie auf der Anmeldeseite ein neues Passwort an, was alle Geräte abmeldet, melden Sie sich dann mit Ihrer App an und erstellen Sie neue Ersatzcodes.',
    ],
  },
  backup_code_used: {
    subject: 'Ein Ersatzcode wurde verwendet',
    paragraphs: [
      'Jemand hat einen der Ersatzcodes Ihres Kontos verwendet. Er funktioniert nicht mehr.',
      'Wenn Sie das nicht waren, kennt jemand Ihr Passwort und hatte einen Ihrer Codes. Fordern Sie auf der Anmeldeseite sofort ein neues Passwort an, was alle Geräte abmeldet, melden Sie sich dann mit Ihrer App an und erstellen Sie neue Ersatzcodes.',
    ],
  },
  second_factor_locked: {
    subject: 'Zu viele falsche Codes',
    paragraphs: [
      'Jemand hat zu oft einen falschen Code für die Zwei-Faktor-Authentifizierung eingegeben. Wer das war, kannte Ihr Passwort oder hat ein Gerät verwendet, das bei Ihrem Konto angemeldet ist. Auf diesem Gerät werden vorübergehend keine Codes angenommen, und wenn es ein neues war, auch auf keinem anderen neuen Gerät.',
      'Wenn Sie das nicht waren, fordern Sie auf der Anmeldeseite ein neues Passwort an: Das meldet alle Geräte ab.',
    ],
  },
  two_factor_reset: {
    subject: 'Die Zwei-Faktor-Authentifizierung wurde entfernt',
    paragraphs: [
      'Der Betreiber dieses Dienstes hat wie angekündigt die Zwei-Faktor-Authentifizierung von Ihrem Konto entfernt. Authenticator-App, Ersatzcodes und vertraute Geräte zählen nicht mehr.',
      'Bitte melden Sie sich an und schalten Sie sie wieder ein. Wenn Sie nicht darum gebeten haben, wenden Sie sich an den Betreiber dieses Dienstes.',
    ],
  },
};
