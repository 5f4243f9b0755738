import { answerPage } from '../../../http/answer-page.ts';
import type { ButtonView, LinkView, PageView } from '../../../ui/page-view.ts';
import type { ConfiguredProviders } from '../providers/configured-providers.ts';
import { type Provider, silentProviders } from '../providers/provider.ts';
import type { Person } from './read-person.ts';
import type { DevPageForm } from './schemas.ts';

/** The address of the page. */
export const devPagePath = '/dev/sign-in';

/** Why something was not done. */
export interface Refused {
  readonly status: number;
  readonly code: string;
  readonly sentence: string;
}

/** What the page shows. */
export interface DevPage {
  readonly providers: ConfiguredProviders;
  /** Whoever is signed in. */
  readonly person: Person | null;
  readonly refused: Refused | null;
}

// A page for developers is in English, like the code and its documentation.
const lang = 'en';

/** Answers with the page on which a developer tries to sign in with other providers. */
export function answerDevPage(page: DevPage): Response {
  const { person, refused } = page;
  const content = person === null ? signedOut(page) : signedIn(page, person);
  const view = { lang, ...(refused !== null && { alert: refused.sentence }), ...content };
  const status = refused?.status ?? 200;
  // RFC 9110 section 11.6.1: a 401 names the accepted scheme.
  return answerPage(status, view, status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {});
}

/**
 * Answers with the way to a provider as a link. Browsers would hold a redirect that answers a form against `form-action`,
 * which lets nobody leave this service (HDR-03).
 */
export function answerContinue({ name }: Provider, url: string): Response {
  return answerPage(200, {
    lang,
    title: `On to ${name}`,
    paragraphs: ['The provider asks who you are, and sends you back.'],
    links: [
      { href: url, text: `Continue to ${name}`, note: null },
      { href: devPagePath, text: 'Back', note: null },
    ],
  });
}

function signedOut({ providers }: DevPage): Omit<PageView, 'lang'> {
  const none =
    'No provider is configured. `npm run dev` brings two local ones along; docs/configuration.md says which variables in .dev.vars make others.';
  return {
    title: 'Sign in with a provider',
    paragraphs: [
      'This page is there in development alone: it tries social sign-in without an application of yours. You are not signed in, or your access token has expired, which this page does not refresh.',
      ...(providers.usable.length === 0 ? [none] : []),
      ...brokenProviders(providers),
    ],
    links: providers.usable.map(({ id, name }) => signInLink(id, `Continue with ${name}`)),
  };
}

function signedIn({ providers, refused }: DevPage, person: Person): Omit<PageView, 'lang'> {
  const { email, name, identities } = person;
  const linked = new Set(identities.map(({ provider }) => provider));
  const isStale = refused?.code === 'reauthentication_required';
  const unlinked = providers.usable.filter(({ id }) => !linked.has(id));
  const usable = providers.usable.filter(({ id }) => linked.has(id));
  return {
    title: 'You are signed in',
    paragraphs: [
      `The account of ${name}, ${email}.`,
      identities.length === 0
        ? 'No provider signs in to it yet.'
        : 'These sign-ins lead to it, each with a button that removes it.',
      ...brokenProviders(providers),
    ],
    buttons: [
      ...(isStale ? usable.filter(({ id }) => !silentProviders.includes(id)).map(confirmButton) : []),
      ...identities.map(({ provider, email: address, linkedAt }) => {
        const text = providers.usable.find(({ id }) => id === provider)?.name ?? provider;
        const note = `${text}: ${address ?? 'no address'}, since ${linkedAt}`;
        return button({ action: 'remove', provider }, `Remove ${text}`, note);
      }),
      ...unlinked.map((provider) =>
        button({ action: 'link', provider: provider.id }, `Link ${provider.name}`),
      ),
      button({ action: 'sign_out' }, 'Sign out'),
    ],
    links: isStale ? usable.map(({ id, name: text }) => signInLink(id, `Sign in again with ${text}`)) : [],
  };
}

function confirmButton({ id, name }: Provider): ButtonView {
  return button({ action: 'confirm', provider: id }, `Confirm at ${name}`);
}

function button(hidden: DevPageForm, text: string, note: string | null = null): ButtonView {
  return { action: devPagePath, hidden: { ...hidden }, text, note };
}

function signInLink(id: string, text: string): LinkView {
  return { href: `/api/auth/oauth/${id}?redirectTo=${devPagePath}`, text, note: null };
}

function brokenProviders({ broken }: ConfiguredProviders): string[] {
  return broken.map(
    ({ id, variables }) =>
      `The provider ${id === '' ? 'without an id' : id} is off: look at ${variables.join(', ')}.`,
  );
}
