import type { PageModule } from '../../../http/page.ts';
import { leadSignedOut } from '../../../http/page-caller.ts';
import { answerView, type PageRequest } from '../../../http/page-request.ts';
import { cookieTokens } from '../../../http/presented-tokens.ts';
import { Form } from '../../../ui/form.tsx';
import { Card, LinkLine } from '../../../ui/pieces.tsx';
import { logout } from '../logout.ts';

/** Asks first: a link signs nobody out. By the refresh token too, since a session outlives its access token. */
export const page: PageModule<PageRequest> = {
  show(request) {
    const { title, text, submit, stay } = request.language.signIn.signOut;
    const body = (
      <Card>
        <p>{text}</p>
        <Form id="logout" action="/logout" submit={submit} />
        <LinkLine href="/account" text={stay} />
      </Card>
    );
    return answerView(request, { title, body });
  },

  async receive({ c, deps }) {
    await logout(deps, cookieTokens(c, deps));
    return leadSignedOut(deps);
  },
};
