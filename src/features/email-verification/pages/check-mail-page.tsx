import { type FormProblem, orShowAgain } from '../../../http/form-problem.ts';
import type { PageModule } from '../../../http/page.ts';
import { answerView, type Fields, type PageRequest } from '../../../http/page-request.ts';
import { validate } from '../../../http/validate.ts';
import { Form } from '../../../ui/form.tsx';
import { mailSentView } from '../../../ui/mail-sent-view.tsx';
import type { PageView } from '../../../ui/page-view.ts';
import { Card } from '../../../ui/pieces.tsx';
import { resendVerification } from '../resend/resend-verification.ts';
import { ResendRequest } from '../schemas.ts';

/** Sends the mail for a verification once more; the answer is the same whoever has the address. */
export const page: PageModule<PageRequest> = {
  show: (request) => answerView(request, askView(request, {}, null)),

  receive: (request, typed) =>
    orShowAgain(
      request,
      async () => {
        const { email } = validate(ResendRequest, typed);
        await resendVerification(request.deps, email);
        return answerView(
          request,
          mailSentView(request.language.signIn.checkMail, email.address, {
            action: '/check-your-mail',
            back: '/login',
          }),
        );
      },
      (problem) => answerView(request, askView(request, typed, problem), problem.status),
    ),
};

function askView({ language }: PageRequest, typed: Fields, problem: FormProblem | null): PageView {
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
