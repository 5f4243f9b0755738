import type { PageLanguage } from '../../../languages/page-language.ts';
import { Form } from '../../../ui/form.tsx';
import type { PageView } from '../../../ui/page-view.ts';
import { Card } from '../../../ui/pieces.tsx';
import { demoUser } from '../demo-user.ts';

/** What the demo user sees in place of an account. */
export function demoView({ account, signIn }: PageLanguage): PageView {
  const { title, text } = account.demo;
  const body = (
    <Card>
      <p>
        <strong>{demoUser.name}</strong>
        <br />
        <span class="muted">{demoUser.email}</span>
      </p>
      <p>{text}</p>
      <Form id="logout" action="/logout" submit={signIn.signOut.submit} look="plain" />
    </Card>
  );
  return { title, body };
}
