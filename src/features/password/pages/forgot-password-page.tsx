import { type FormProblem, orShowAgain } from '../../../http/form-problem.ts';
import type { PageModule } from '../../../http/page.ts';
import { validate } from '../../../http/validate.ts';
import { answerVisit, type Fields, type Visit } from '../../../http/visit.ts';
import { Form } from '../../../ui/form.tsx';
import { mailSentView } from '../../../ui/mail-sent-view.tsx';
import type { PageView } from '../../../ui/page-view.ts';
import { Card } from '../../../ui/pieces.tsx';
import { requestPasswordReset } from '../reset/request-password-reset.ts';
import { ForgotPasswordRequest } from '../reset/schemas.ts';

/** Asks for a reset link; the answer is the same whoever has the address. */
export const forgotPasswordPage: PageModule<Visit> = {
  show: (visit) => answerVisit(visit, forgotView(visit, {}, null)),

  receive: (visit, typed) =>
    orShowAgain(
      visit,
      async () => {
        const { email } = validate(ForgotPasswordRequest, typed);
        await requestPasswordReset(visit.deps, email);
        return answerVisit(
          visit,
          mailSentView(visit.language.signIn.forgot, email.address, {
            action: '/forgot-password',
            back: '/login',
          }),
        );
      },
      (problem) => answerVisit(visit, forgotView(visit, typed, problem), problem.status),
    ),
};

function forgotView({ language }: Visit, typed: Fields, problem: FormProblem | null): PageView {
  const { forgot: text, email } = language.signIn;
  const body = (
    <Card>
      <p>{text.intro}</p>
      <Form
        id="forgot"
        action="/forgot-password"
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
