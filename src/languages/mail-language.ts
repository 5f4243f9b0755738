import type { MailKind } from '../mail/mail-kind.ts';
import type { MailText } from './mail-text.ts';

/** What mails say in one language: one file each. */
export interface MailLanguage {
  /** BCP 47 tag, for `lang` and for the format of dates. */
  readonly tag: string;
  readonly mails: { readonly [Kind in MailKind]: MailText };
  readonly mailFrame: {
    readonly when: string;
    readonly where: string;
    readonly device: string;
    readonly provider: string;
    /** Before the names of what was taken away. */
    readonly ended: string;
    readonly trustedDevice: string;
    readonly takesEffect: string;
    /** Stands after `takesEffect`, below the time of the mail. @param hours since that time, at least 1 */
    readonly inHours: (hours: number) => string;
    /** For mail programs that do not make the link clickable. */
    readonly copyLink: string;
    /** @param host of the service, so that a mail without a link also says whose it is */
    readonly footer: (host: string) => string;
  };
}
