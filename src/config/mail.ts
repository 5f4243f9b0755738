import { parseMailbox } from '../mail/mailbox.ts';
import { headerSecret, oneOf, url } from './parsers.ts';
import type { Variables } from './variable.ts';

/** How mails can leave. */
export const mailTransports = ['log', 'outbox', 'http', 'resend', 'cloudflare'] as const;

export const mailVariables = {
  transport: {
    name: 'MAIL_TRANSPORT',
    parse: oneOf(mailTransports),
    default: 'log',
    meaning:
      'how mails leave. `outbox` is for development alone; `log` is refused with EMAIL_VERIFICATION=required in production',
  },
  from: {
    name: 'MAIL_FROM',
    parse: parseMailbox,
    default: null,
    meaning:
      "sender; required for `resend` and `cloudflare`. The name has at most 100 letters, digits, blanks and `. , ! / & ' ’ + _ ( ) -`",
    defaultInWords: '`no-reply@` and the host of BASE_URL',
  },
  /** May contain a key: never logged. */
  httpUrl: {
    name: 'MAIL_HTTP_URL',
    parse: url,
    default: null,
    meaning: 'where `http` posts. It may hold a key in its query: then store it as a secret',
  },
  resendApiKey: {
    name: 'RESEND_API_KEY',
    parse: headerSecret,
    default: null,
    meaning: 'for `resend`',
    isSecret: true,
  },
} as const satisfies Variables;
