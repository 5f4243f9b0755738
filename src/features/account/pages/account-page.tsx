import { commonErrors } from '../../../errors.ts';
import type { AccountHolder, AccountSection, RefusedForm } from '../../../http/account-section.ts';
import { orShowAgain } from '../../../http/form-problem.ts';
import type { PageModule, Site } from '../../../http/page.ts';
import { answerView, type SignedInRequest } from '../../../http/page-request.ts';
import type { PageLanguage } from '../../../languages/page-language.ts';
import { Form } from '../../../ui/form.tsx';
import type { NavigationLink } from '../../../ui/page-view.ts';
import { Card } from '../../../ui/pieces.tsx';
import { getMe } from '../get-me.ts';

/** A page of the account, made of the sections that features bring for it. */
export function page({ accountSections }: Site, path: string): PageModule<SignedInRequest> {
  const sections = accountSections
    .filter((section) => section.page === path)
    .toSorted((a, b) => a.order - b.order);
  return {
    show: (request) => showSections(request, path, sections, null),

    async receive(request, { section: name, ...fields }) {
      const found = sections.find((section) => section.name === name);
      if (found === undefined) throw commonErrors.malformed_form();
      const { section } = await found.load();
      return orShowAgain(
        request,
        () => section.receive(request, fields),
        (problem) => showSections(request, path, sections, { name: found.name, form: { fields, problem } }),
        section.toldAt,
      );
    },
  };
}

interface RefusedSection {
  readonly name: string;
  readonly form: RefusedForm;
}

async function showSections(
  request: SignedInRequest,
  path: string,
  sections: readonly AccountSection[],
  refused: RefusedSection | null,
): Promise<Response> {
  const { deps, caller, language } = request;
  // The sections ask side by side, once it is known whose account it is.
  const { user } = await getMe(deps, caller);
  const views = await Promise.all(
    sections.map(async ({ name, load }) => {
      const { section } = await load();
      const form = refused?.name === name ? refused.form : null;
      return { name, view: await section.show(request, user, form) };
    }),
  );
  const body = (
    <>
      <Whose {...user} />
      {user.recoveryRequired && <Recovery {...user} text={language.account.recovery} />}
      {views.map(
        ({ name, view }) =>
          view !== null && (
            <Card id={name} title={view.title}>
              {view.body}
            </Card>
          ),
      )}
    </>
  );
  const navigation = navigationOf(language, path);
  const view = { title: titleOf(language, path), body, width: 'wide', navigation } as const;
  return answerView(request, view, refused?.form.problem.status);
}

function Whose({ name, email }: AccountHolder) {
  return <p class="muted">{`${name} · ${email}`}</p>;
}

/** Why nothing sensitive can be done, and how that ends. */
function Recovery({ email, text }: AccountHolder & { readonly text: PageLanguage['account']['recovery'] }) {
  return (
    <Card id="recovery" title={text.title}>
      <p>{text.text}</p>
      <Form id="recover" action="/forgot-password" hidden={{ email }} submit={text.again} />
    </Card>
  );
}

/** The pages of the account, one of which is shown. */
function navigationOf({ account }: PageLanguage, current: string): NavigationLink[] {
  const { navigation: text } = account;
  const pages = [
    ['/account', text.account],
    ['/account/sessions', text.sessions],
    ['/account/security', text.security],
  ] as const;
  return [
    ...pages.map(([href, label]) => ({ href, text: label, isCurrent: href === current })),
    { href: '/logout', text: text.signOut, isCurrent: false },
  ];
}

function titleOf({ account, security }: PageLanguage, path: string): string {
  if (path === '/account') return account.title;
  return path === '/account/sessions' ? account.sessionsTitle : security.title;
}
