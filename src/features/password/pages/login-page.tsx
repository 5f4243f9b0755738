import { broughtSentence } from '../../../http/brought-sentence.ts';
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
import { type PageTarget, pageTarget, withTarget } from '../../../http/page-target.ts';
import { validate } from '../../../http/validate.ts';
import type { SignInMethod } from '../../../joints/sign-in-method.ts';
import { Form } from '../../../ui/form.tsx';
import type { PageView } from '../../../ui/page-view.ts';
import { Alert, ButtonLink, Card, LinkLine } from '../../../ui/pieces.tsx';
import { readPresentedDevice } from '../../known-devices/index.ts';
import { answerPageSignIn, LoginRequest } from '../../sign-in/index.ts';
import { readTrustedDevice } from '../../trusted-devices/index.ts';
import { login } from '../login.ts';

/** The sign-in page: the password, and what other features offer. */
export async function page({ loadSignInMethods }: Site): Promise<PageModule<PageRequest>> {
  const methods = await loadSignInMethods();
  return {
    async show(request) {
      const target = pageTarget(request.deps.config, queryParameter(request.c, 'redirectTo'));
      if ((await findVisitor(request)) !== null) return seeOther(target.href);
      return answerView(request, loginView(request, { target, methods }, {}, null));
    },

    receive(request, { redirectTo, ...typed }) {
      const { c, deps } = request;
      const target = pageTarget(deps.config, redirectTo);
      return orShowAgain(
        request,
        async () => {
          const { email, password } = validate(LoginRequest, typed);
          const device = readPresentedDevice(c, deps);
          const trusted = readTrustedDevice(c, deps);
          const input = { email, password, transport: 'cookie', device, trusted } as const;
          return answerPageSignIn(await login(deps, input), target);
        },
        (problem) =>
          answerView(request, loginView(request, { target, methods }, typed, problem), problem.status),
        { invalid_credentials: { field: 'password' } },
      );
    },
  };
}

/** Where the page leads, and what other features register to sign in by. */
export interface WaysIn {
  readonly target: PageTarget;
  readonly methods: readonly SignInMethod[];
}

function loginView(request: PageRequest, ways: WaysIn, typed: Fields, problem: FormProblem | null): PageView {
  const { deps, language } = request;
  const { target } = ways;
  const { login: text, email } = language.signIn;
  const { redirectTo, formTarget } = target;
  const brought = problem === null ? broughtSentence(request, 'signIn') : null;
  const body = (
    <Card>
      {brought && <Alert text={brought} />}
      <Form
        id="login"
        action="/login"
        hidden={{ redirectTo }}
        fields={[
          { name: 'email', label: email, type: 'email', autocomplete: 'username', value: typed.email },
          {
            name: 'password',
            label: language.fields.password,
            type: 'password',
            autocomplete: 'current-password',
          },
        ]}
        submit={text.submit}
        refusal={problem}
        isFocused={brought === null}
      />
      {problem?.code === 'email_not_verified' && (
        <Form
          id="resend"
          action="/check-your-mail"
          hidden={{ email: typed.email }}
          submit={language.signIn.checkMail.resend}
          look="plain"
        />
      )}
      <LinkLine href="/forgot-password" text={text.forgot} />
      <OtherWays request={request} {...ways} />
      {deps.config.isRegistrationOpen && (
        <p class="muted">
          {`${text.noAccount} `}
          <a href={withTarget('/register', target)}>{text.register}</a>
        </p>
      )}
    </Card>
  );
  return { title: text.title, body, formTarget, shownAt: withTarget('/login', target) };
}

/** The links of the ways in beside the password. */
export function OtherWays({ request, target, methods }: { readonly request: PageRequest } & WaysIn) {
  const { deps, language } = request;
  const returnTo = withTarget('/login', target);
  const links = methods.flatMap((method) => method.links(deps, returnTo, target.redirectTo));
  if (links.length === 0) return null;
  return (
    <>
      <div class="or">{language.signIn.or}</div>
      <div class="ways">
        {links.map(({ href, name }) => (
          <ButtonLink href={href} text={language.signIn.continueWith(name)} look="plain" />
        ))}
      </div>
      <p />
    </>
  );
}
