/** The text of a mail. Fixed sentences: nothing that somebody typed is ever in a mail (EML-11). */
export interface MailText {
  readonly subject: string;
  readonly paragraphs: readonly string[];
  /** The text of the link; absent in a notice, and in a mail with a code, which stands below the paragraphs. */
  readonly link?: string;
  /** The text after the link or the code. */
  readonly closing?: readonly string[];
}
