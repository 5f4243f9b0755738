import { createApp, features } from '../../src/app.ts';
import { foldSite } from '../../src/feature.ts';
import { freshEmail, password, registration } from '../support/accounts.ts';
import type { TestClient } from '../support/client.ts';
import { baseUrl } from '../support/test-env.ts';
import { codeAt } from '../support/two-factor.ts';
import { insertAccount } from './insert-account.ts';
import type { Account } from './route-table.ts';
import { type HostedAnswer, type HostedForm, sectionForms, type VisitorKind } from './section-form-table.ts';

/** A hosted page: who visits it, what it answers, and its forms by their names. */
export interface HostedExample {
  readonly visitor: VisitorKind;
  readonly shown: HostedAnswer;
  readonly forms: Readonly<Record<string, HostedForm>>;
  /** Whether it hands a `redirectTo` on. */
  readonly hasTarget?: true;
}

const account = `${baseUrl}/account`;

const security = '/account/security';

/** Every hosted page. hosted-pages.test.ts fails when one is missing or no longer there. */
export const hostedTable: Readonly<Record<string, HostedExample>> = {
  '/': {
    visitor: 'nobody',
    shown: { status: 303, location: '/login', roundTrips: 0 },
    forms: { '': { status: 303, location: '/', roundTrips: 0, fields: () => ({}) } },
  },
  '/language': {
    visitor: 'nobody',
    shown: { status: 303, location: '/', roundTrips: 0 },
    forms: {
      choose: {
        ...{ status: 303, location: `${baseUrl}/login?a=b`, roundTrips: 0 },
        fields: () => ({ language: 'de', returnTo: '/login?a=b' }),
      },
    },
  },
  '/login': {
    visitor: 'nobody',
    hasTarget: true,
    shown: { status: 200, roundTrips: 0 },
    forms: {
      'sign in': {
        ...{ status: 303, location: account, roundTrips: 2, shownAgain: 'email' },
        fields: ({ email }) => ({ email, password }),
      },
    },
  },
  '/register': {
    visitor: 'nobody',
    hasTarget: true,
    shown: { status: 200, roundTrips: 0 },
    forms: {
      register: {
        ...{ status: 303, location: account, roundTrips: 1, shownAgain: 'name' },
        fields: () => registration(freshEmail()) as Record<string, string>,
      },
    },
  },
  '/login/two-factor': {
    visitor: 'challenged',
    hasTarget: true,
    shown: { status: 200, roundTrips: 0 },
    forms: {
      prove: {
        ...{ status: 303, location: account, roundTrips: 2 },
        fields: ({ twoFactor }) => ({ code: codeAt(twoFactor.secret) }),
      },
    },
  },
  '/forgot-password': {
    visitor: 'nobody',
    shown: { status: 200, roundTrips: 0 },
    forms: {
      ask: { status: 200, roundTrips: 1, fields: ({ email }) => ({ email }), shownAgain: 'email' },
    },
  },
  '/reset-password': {
    visitor: 'nobody',
    shown: { status: 303, location: '/forgot-password', roundTrips: 0 },
    forms: { '': { status: 303, location: '/forgot-password', roundTrips: 0, fields: () => ({}) } },
  },
  '/check-your-mail': {
    visitor: 'nobody',
    shown: { status: 200, roundTrips: 0 },
    forms: {
      ask: { status: 200, roundTrips: 1, fields: ({ email }) => ({ email }), shownAgain: 'email' },
    },
  },
  '/reauthenticate': {
    visitor: 'holder',
    // The session is recent already.
    shown: { status: 303, location: '/account', roundTrips: 1 },
    forms: {
      prove: {
        ...{ status: 303, location: '/account', roundTrips: 3 },
        fields: () => ({ action: 'prove', password }),
      },
      continue: {
        ...{ status: 303, location: '/account', roundTrips: 1 },
        fields: () => ({ action: 'continue' }),
      },
      send: {
        ...{
          visitor: 'passwordless',
          status: 303,
          location: '/reauthenticate?returnTo=%2Faccount',
          roundTrips: 2,
        },
        fields: () => ({ action: 'send' }),
      },
      visit: {
        ...{ visitor: 'social', status: 200, roundTrips: 1 },
        fields: () => ({ action: 'visit', way: 'microsoft' }),
      },
    },
  },
  '/logout': {
    visitor: 'holder',
    shown: { status: 200, roundTrips: 0 },
    forms: { 'sign out': { status: 303, location: '/login', roundTrips: 1, fields: () => ({}) } },
  },
  '/account': { visitor: 'holder', shown: { status: 200, roundTrips: 2 }, forms: formsOfPage('/account') },
  '/account/sessions': {
    visitor: 'holder',
    shown: { status: 200, roundTrips: 2 },
    forms: formsOfPage('/account/sessions'),
  },
  [security]: { visitor: 'holder', shown: { status: 200, roundTrips: 4 }, forms: formsOfPage(security) },
  '/account/delete': {
    visitor: 'holder',
    shown: { status: 200, roundTrips: 1 },
    forms: { delete: { status: 303, location: '/login', roundTrips: 2, fields: () => ({ password }) } },
  },
  '/account/not-me': {
    visitor: 'holder',
    // Nothing is named by the address.
    shown: { status: 303, location: `${security}#activity`, roundTrips: 1 },
    forms: {
      disown: {
        ...{ status: 303, location: `${security}#activity`, roundTrips: 2 },
        fields: ({ eventId }) => ({ eventId }),
      },
    },
  },
};

/** What the service serves as hosted pages. */
export const hostedRoutes = createApp().serves.filter(
  ({ guard }) => guard === 'visitor' || guard === 'account-holder',
);
export const hostedPages: readonly string[] = [...new Set(hostedRoutes.map(({ path }) => path))];

/** Those for somebody who is signed in. */
export const holderPages = hostedPages.filter((path) =>
  hostedRoutes.some((route) => route.path === path && route.guard === 'account-holder'),
);

/** Every form, by its page and its name. */
export const hostedForms = Object.entries(hostedTable).flatMap(([path, { forms }]) =>
  Object.keys(forms).map((name) => [path, name] as const),
);

export function hostedExample(path: string): HostedExample {
  const example = hostedTable[path];
  if (example === undefined) throw new Error(`no example for ${path}`);
  return example;
}

export function hostedForm(path: string, name: string): HostedForm {
  const form = hostedExample(path).forms[name];
  if (form === undefined) throw new Error(`no form ${name} for ${path}`);
  return form;
}

/** The cookies of such a visitor. */
export function cookiesOf(kind: VisitorKind, account: Account): Readonly<Record<string, string>> {
  switch (kind) {
    case 'nobody':
      return {};
    case 'holder':
      return account.cookies;
    case 'challenged': {
      const { '__Host-nexora_challenge': challenge = '' } = account.twoFactor.cookies;
      return { '__Host-nexora_challenge': challenge };
    }
    default:
      return account[kind].cookies;
  }
}

/** A form by its page and its name. */
export type FormName = readonly [path: string, name: string];

/** Who sends a form. */
export function senderOf([path, name]: FormName): VisitorKind {
  return hostedForm(path, name).visitor ?? hostedExample(path).visitor;
}

/** Sends a valid form of a page. */
export function submitForm(
  client: TestClient,
  form: FormName,
  account: Account,
  { cookies, ...options }: NonNullable<Parameters<TestClient['submit']>[2]> = {},
) {
  return client.submit(form[0], hostedForm(...form).fields(account), {
    ...options,
    cookies: cookies ?? cookiesOf(senderOf(form), account),
  });
}

/** An account that can send the form, and nothing that needs other callers: see `insertAccount`. */
export function insertSender(client: TestClient, form: FormName): Promise<Account> {
  return insertAccount(client, (account) => [
    hostedForm(...form).fields(account),
    cookiesOf(senderOf(form), account),
  ]);
}

function formsOfPage(page: string): Readonly<Record<string, HostedForm>> {
  const sections = foldSite(features).accountSections.filter((section) => section.page === page);
  return Object.fromEntries(
    sections.flatMap(({ name: section }) =>
      Object.entries(sectionForms[section] ?? {}).map(([action, form]) => [
        `${section}/${action}`,
        { ...form, fields: (account: Account) => ({ section, action, ...form.fields(account) }) },
      ]),
    ),
  );
}
