import { Form } from './form.tsx';
import type { PageView } from './page-view.ts';
import { Card, LinkLine } from './pieces.tsx';

/** What such a page says. */
export interface MailSentText {
  readonly sentTitle: string;
  readonly sent: (email: string) => string;
  readonly again: string;
  readonly resend: string;
  readonly back: string;
}

/**
 * A page that says that a mail was sent, lets it be sent again, and leads back to the sign-in.
 * @param place the page whose form sends it, and the sign-in
 */
export function mailSentView(
  text: MailSentText,
  email: string,
  { action, back }: { readonly action: string; readonly back: string },
): PageView {
  const body = (
    <Card>
      <p role="status">{text.sent(email)}</p>
      <p class="muted">{text.again}</p>
      <Form id="resend" action={action} hidden={{ email }} submit={text.resend} look="plain" />
      <LinkLine href={back} text={text.back} />
    </Card>
  );
  return { title: text.sentTitle, body };
}
