import { type FormProblem, orShowAgain } from '../../../http/form-problem.ts';
import type { PageModule, Site } from '../../../http/page.ts';
import { findVisitor } from '../../../http/page-caller.ts';
import {
  answerView,
  type Fields,
  type PageRequest,
  queryParameter,
  seeOther,
} from '../../../http/page-request.ts';
import { pageTarget, setPageTarget, withTarget } from '../../../http/page-target.ts';
import { pageLocale } from '../../../http/read-page-language.ts';
import { validate } from '../../../http/validate.ts';
import { Form } from '../../../ui/form.tsx';
import { mailSentView } from '../../../ui/mail-sent-view.tsx';
import type { PageView } from '../../../ui/page-view.ts';
import { Card } from '../../../ui/pieces.tsx';
import { readPresentedDevice } from '../../known-devices/index.ts';
import { answerPageSignIn } from '../../sign-in/index.ts';
import { userErrors } from '../../users/index.ts';
import { createAccount } from '../register/create-account.ts';
import { requestAccount } from '../register/request-account.ts';
import { registerRequest } from '../schemas.ts';
import { OtherWays, type WaysIn } from './login-page.tsx';
import { newPasswordFields } from './new-password-fields.ts';

/** The registration, by the rules of the API: signed in at once, or once the address is confirmed. */
export async function page({ loadSignInMethods }: Site): Promise<PageModule<PageRequest>> {
  const methods = await loadSignInMethods();
  return {
    async show(request) {
      const { config } = request.deps;
      const target = pageTarget(config, queryParameter(request.c, 'redirectTo'));
      if ((await findVisitor(request)) !== null) return seeOther(target.href);
      if (!config.isRegistrationOpen) throw userErrors.registration_closed();
      return answerView(request, registerView(request, { target, methods }, {}, null));
    },

    receive(request, { redirectTo, ...typed }) {
      const { c, deps } = request;
      const { config } = deps;
      const target = pageTarget(config, redirectTo);
      return orShowAgain(
        request,
        async () => {
          const body = validate(registerRequest(config.password.minLength), typed);
          const locale = pageLocale(c.req.raw.headers);
          const device = readPresentedDevice(c, deps);
          const input = { ...body, transport: 'cookie', locale, device } as const;
          if (config.emailVerification !== 'required')
            return answerPageSignIn(await createAccount(deps, input), target);
          await requestAccount(deps, input);
          const { checkMail } = request.language.signIn;
          const place = { action: '/check-your-mail', back: withTarget('/login', target) };
          const response = await answerView(request, mailSentView(checkMail, body.email, place));
          setPageTarget(response.headers, target);
          return response;
        },
        (problem) =>
          answerView(request, registerView(request, { target, methods }, typed, problem), problem.status),
        { email_taken: { field: 'email' } },
      );
    },
  };
}

function registerView(
  request: PageRequest,
  ways: WaysIn,
  typed: Fields,
  problem: FormProblem | null,
): PageView {
  const { language } = request;
  const { target } = ways;
  const { register: text, email, name, nameHint } = language.signIn;
  const { redirectTo, formTarget } = target;
  const body = (
    <Card>
      <Form
        id="register"
        action="/register"
        hidden={{ redirectTo }}
        fields={[
          {
            name: 'name',
            label: name,
            type: 'text',
            autocomplete: 'name',
            hint: nameHint,
            value: typed.name,
          },
          { name: 'email', label: email, type: 'email', autocomplete: 'username', value: typed.email },
          ...newPasswordFields(request, {
            names: ['password', 'confirmPassword'],
            labels: [language.fields.password, language.signIn.repeatPassword],
          }),
        ]}
        submit={text.submit}
        refusal={problem}
        isFocused
      >
        <Terms request={request} />
      </Form>
      <OtherWays request={request} {...ways} />
      <p class="muted">
        {`${text.hasAccount} `}
        <a href={withTarget('/login', target)}>{text.login}</a>
      </p>
    </Card>
  );
  return { title: text.title, body, formTarget, shownAt: withTarget('/register', target) };
}

function Terms({ request: { deps, language } }: { readonly request: PageRequest }) {
  const { termsUrl, privacyUrl } = deps.config.brand;
  const links = [
    [termsUrl, language.frame.terms],
    [privacyUrl, language.frame.privacy],
  ] as const;
  if (termsUrl === null && privacyUrl === null) return null;
  return (
    <p class="muted">
      <small>
        {language.signIn.register.agree}
        {links.map(
          ([href, text]) =>
            href !== null && (
              <>
                {' '}
                <a href={href}>{text}</a>
              </>
            ),
        )}
      </small>
    </p>
  );
}
