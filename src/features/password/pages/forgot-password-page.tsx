import { type FormProblem, orShowAgain } from '../../../http/form-problem.ts';
import type { PageModule } from '../../../http/page.ts';
import { answerView, type Fields, type PageRequest } from '../../../http/page-request.ts';
import { validate } from '../../../http/validate.ts';
import { Form } from '../../../ui/form.tsx';
import { mailSentView } from '../../../ui/mail-sent-view.tsx';
import type { PageView } from '../../../ui/page-view.ts';
import { Card } from '../../../ui/pieces.tsx';
import { requestPasswordReset } from '../reset/request-password-reset.ts';
import { ForgotPasswordRequest } from '../reset/schemas.ts';

/** Asks for a reset link; the answer is the same whoever has the address. */
export const page: PageModule<PageRequest> = {
  show: (request) => answerView(request, forgotView(request, {}, null)),

  receive: (request, typed) =>
    orShowAgain(
      request,
      async () => {
        const { email } = validate(ForgotPasswordRequest, typed);
        await requestPasswordReset(request.deps, email);
        return answerView(
          request,
          mailSentView(request.language.signIn.forgot, email.address, {
            action: '/forgot-password',
            back: '/login',
          }),
        );
      },
      (problem) => answerView(request, forgotView(request, typed, problem), problem.status),
    ),
};

function forgotView({ language }: PageRequest, typed: Fields, problem: FormProblem | null): PageView {
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
