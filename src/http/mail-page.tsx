import type * as z from 'zod/mini';
import type { PresentedEmail } from '../address/presented-email.ts';
import type { Deps } from '../deps.ts';
import type { PageLanguage } from '../languages/page-language.ts';
import { Form } from '../ui/form.tsx';
import { type MailSentText, mailSentView } from '../ui/mail-sent-view.tsx';
import type { PageView } from '../ui/page-view.ts';
import { Card, LinkLine } from '../ui/pieces.tsx';
import { type FormProblem, orShowAgain } from './form-problem.ts';
import type { PageModule } from './page.ts';
import { answerView, type Fields, type PageRequest } from './page-request.ts';
import { validate } from './validate.ts';

/** A page on which somebody asks for a mail. */
interface MailPageSpec {
  /** The id of its form. */
  readonly id: string;
  readonly path: string;
  readonly text: (language: PageLanguage) => MailPageText;
  /** What its form holds. */
  readonly schema: z.core.$ZodType<{ readonly email: PresentedEmail }>;
  readonly send: (deps: Deps, email: PresentedEmail) => Promise<void>;
}

interface MailPageText extends MailSentText {
  readonly title: string;
  readonly intro: string;
  readonly submit: string;
}

/** Makes the page that mails a link to an address; the answer is the same whoever has it. */
export function mailPage(spec: MailPageSpec): PageModule<PageRequest> {
  const { path, text, schema, send } = spec;
  return {
    show: (request) => answerView(request, askView(spec, request, {}, null)),

    receive: (request, typed) =>
      orShowAgain(
        request,
        async () => {
          const { email } = validate(schema, typed);
          await send(request.deps, email);
          const place = { action: path, back: '/login' };
          return answerView(request, mailSentView(text(request.language), email.address, place));
        },
        (problem) => answerView(request, askView(spec, request, typed, problem), problem.status),
      ),
  };
}

function askView(
  { id, path, text }: MailPageSpec,
  { language }: PageRequest,
  typed: Fields,
  refusal: FormProblem | null,
): PageView {
  const { title, intro, submit, back } = text(language);
  const { email: label } = language.signIn;
  const email = {
    name: 'email',
    label,
    type: 'email',
    autocomplete: 'username',
    value: typed.email,
  } as const;
  const body = (
    <Card>
      <p>{intro}</p>
      <Form id={id} action={path} fields={[email]} submit={submit} refusal={refusal} isFocused />
      <LinkLine href="/login" text={back} />
    </Card>
  );
  return { title, body };
}
