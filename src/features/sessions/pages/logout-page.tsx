import type { PageModule } from '../../../http/page.ts';
import { cookieTokens } from '../../../http/presented-tokens.ts';
import { answerVisit, type Visit } from '../../../http/visit.ts';
import { leadSignedOut } from '../../../http/visitor.ts';
import { Form } from '../../../ui/form.tsx';
import { Card } from '../../../ui/pieces.tsx';
import { logout } from '../logout.ts';

/** Asks first: a link signs nobody out. By the refresh token too, since a session outlives its access token. */
export const logoutPage: PageModule<Visit> = {
  show(visit) {
    const { title, text, submit, stay } = visit.language.signIn.signOut;
    const body = (
      <Card>
        <p>{text}</p>
        <Form id="logout" action="/logout" submit={submit} />
        <p>
          <a href="/account">{stay}</a>
        </p>
      </Card>
    );
    return answerVisit(visit, { title, body });
  },

  async receive({ c, deps }) {
    await logout(deps, cookieTokens(c, deps));
    return leadSignedOut(deps);
  },
};
