import { decodeJwt } from 'jose';
import { freshEmail, otherPassword, password } from '../support/accounts.ts';
import { broughtSectionForms, merged } from '../support/feature-examples.ts';
import { codeAt } from '../support/two-factor.ts';
import type { Account } from './route-table.ts';

/** Whose browser visits: nobody's, or that of one of the accounts of `insertAccount`. */
export type VisitorKind = 'nobody' | 'holder' | 'twoFactor' | 'social' | 'passwordless' | 'challenged';

/** What a page or a form answers. */
export interface HostedAnswer {
  readonly status: 200 | 303;
  /** Where a 303 leads. */
  readonly location?: string;
  readonly roundTrips: number;
}

/** A valid form of a page. */
export interface HostedForm extends HostedAnswer {
  /** By whom it is sent, where not by the visitor of the page. */
  readonly visitor?: VisitorKind;
  readonly fields: (account: Account) => Readonly<Record<string, string>>;
  /** What is shown again where the form is refused: the name of a field that is no secret. */
  readonly shownAgain?: string;
}

/** A form of a section of the account's pages, and what it needs. */
export interface SectionForm extends HostedForm {
  /** Whether it is for the account's owner alone: it takes an authentication of the last ten minutes (SES-15). */
  readonly isSensitive: boolean;
}

const security = '/account/security';

/** Every form of every section by the section's name and its action, those of a feature with `examples` by these. */
export const sectionForms: Readonly<Record<string, Readonly<Record<string, SectionForm>>>> = merged<
  Readonly<Record<string, SectionForm>>
>([
  broughtSectionForms,
  {
    profile: {
      save: {
        ...{ isSensitive: false, status: 303, location: '/account', roundTrips: 1, shownAgain: 'name' },
        fields: () => ({ name: 'Ada' }),
      },
    },
    email: {
      change: {
        ...{
          isSensitive: true,
          status: 303,
          location: '/account#email',
          roundTrips: 1,
          shownAgain: 'newEmail',
        },
        fields: () => ({ newEmail: freshEmail() }),
      },
    },
    verification: {
      resend: {
        ...{ isSensitive: false, status: 303, location: '/account#verification', roundTrips: 1 },
        fields: ({ email }) => ({ email }),
      },
    },
    password: {
      change: {
        // By the current password, which is an authentication of its own.
        ...{ isSensitive: false, status: 303, location: '/account#password', roundTrips: 2 },
        fields: () => ({
          currentPassword: password,
          newPassword: otherPassword,
          confirmPassword: otherPassword,
        }),
      },
    },
    identities: {
      connect: {
        ...{ isSensitive: true, visitor: 'social', status: 200, roundTrips: 1 },
        fields: () => ({ provider: 'github' }),
      },
      remove: {
        ...{
          isSensitive: true,
          visitor: 'social',
          status: 303,
          location: '/account#identities',
          roundTrips: 1,
        },
        fields: () => ({ provider: 'google' }),
      },
    },
    data: {
      export: { ...{ isSensitive: true, status: 200, roundTrips: 1 }, fields: () => ({}) },
    },
    // It leads to a page of its own.
    deletion: {},
    activity: {},
    sessions: {
      end: {
        // Its own.
        ...{ isSensitive: false, status: 303, location: '/login', roundTrips: 1 },
        fields: ({ accessToken }) => ({ id: String(decodeJwt(accessToken).sid) }),
      },
      end_others: {
        ...{ isSensitive: false, status: 303, location: '/account/sessions', roundTrips: 1 },
        fields: () => ({}),
      },
      end_all: {
        ...{ isSensitive: false, status: 303, location: '/login', roundTrips: 1 },
        fields: () => ({}),
      },
    },
    'two-factor': {
      setup: {
        ...{ isSensitive: true, visitor: 'twoFactor', status: 200, roundTrips: 1 },
        fields: () => ({}),
      },
      enable: {
        ...{ isSensitive: true, visitor: 'twoFactor', status: 200, roundTrips: 2 },
        fields: ({ twoFactor }) => ({
          uri: `otpauth://totp/Example?secret=${twoFactor.setupSecret}`,
          code: codeAt(twoFactor.setupSecret),
        }),
      },
      new_codes: {
        ...{ isSensitive: true, visitor: 'twoFactor', status: 200, roundTrips: 1 },
        fields: () => ({}),
      },
      disable: {
        ...{ isSensitive: true, visitor: 'twoFactor', status: 303 },
        ...{ location: `${security}#two-factor`, roundTrips: 2 },
        fields: ({ twoFactor }) => ({ code: codeAt(twoFactor.secret) }),
      },
    },
  },
]);
