import { type FormProblem, orShowAgain } from '../../../http/form-problem.ts';
import type { PageModule } from '../../../http/page.ts';
import { validate } from '../../../http/validate.ts';
import { answerVisit, type Fields, type Visit } from '../../../http/visit.ts';
import { Form } from '../../../ui/form.tsx';
import { mailSentView } from '../../../ui/mail-sent-view.tsx';
import type { PageView } from '../../../ui/page-view.ts';
import { Card } from '../../../ui/pieces.tsx';
import { resendVerification } from '../resend/resend-verification.ts';
import { ResendRequest } from '../schemas.ts';

/** Sends the mail for a verification once more; the answer is the same whoever has the address. */
export const checkMailPage: PageModule<Visit> = {
  show: (visit) => answerVisit(visit, askView(visit, {}, null)),

  receive: (visit, typed) =>
    orShowAgain(
      visit,
      async () => {
        const { email } = validate(ResendRequest, typed);
        await resendVerification(visit.deps, email);
        return answerVisit(
          visit,
          mailSentView(visit.language.signIn.checkMail, email.address, {
            action: '/check-your-mail',
            back: '/login',
          }),
        );
      },
      (problem) => answerVisit(visit, askView(visit, typed, problem), problem.status),
    ),
};

function askView({ language }: Visit, typed: Fields, problem: FormProblem | null): PageView {
  const { checkMail: text, email } = language.signIn;
  const body = (
    <Card>
      <p>{text.ask}</p>
      <Form
        id="check-mail"
        action="/check-your-mail"
        fields={[
          { name: 'email', label: email, type: 'email', autocomplete: 'username', value: typed.email },
        ]}
        submit={text.submit}
        refusal={problem}
        isFocused
      />
      <p>
        <a href="/login">{text.back}</a>
      </p>
    </Card>
  );
  return { title: text.title, body };
}
