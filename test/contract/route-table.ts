import { decodeJwt } from 'jose';
import type * as z from 'zod/mini';
import { createApp } from '../../src/app.ts';
import { type Fragment, sql } from '../../src/db/sql.ts';
import type { Deps } from '../../src/deps.ts';
import {
  freshClient,
  freshEmail,
  otherPassword,
  password,
  registerUser,
  registration,
} from '../support/accounts.ts';
import {
  authCookies,
  type CallOptions,
  type Overrides,
  serveWith,
  type TestClient,
} from '../support/client.ts';
import { openDatabase } from '../support/database.ts';
import { broughtRoutes, merged } from '../support/feature-examples.ts';
import { type Links, storeLinks } from '../support/links.ts';
import { providerVariables } from '../support/social.ts';
import { adminSecret } from '../support/test-env.ts';
import { codeAt } from '../support/two-factor.ts';
import { type Credential, callers, presentedBy } from './callers.ts';
import { insertSocialAccount, type SocialAccount, type Visit } from './social-account.ts';
import { insertTwoFactorAccount, type TwoFactorAccount } from './two-factor-account.ts';

/** A valid request of one route, and what it costs. */
export interface RouteExample {
  /** What the caller presents, where the guard of the route lets choose: see `callers`. */
  readonly credential?: Credential;
  /** The caller, where it is not who has just registered. */
  readonly by?: CallerKind;
  /**
   * Variables without which there is no such route, where the environment of all tests does not have them. In the files
   * that import this table every client has them at the addresses of the route.
   */
  readonly variables?: Overrides;
  /** The answer to the example. */
  readonly status: number;
  /** Round trips of the example; 0 for a route that never asks the database. */
  readonly roundTrips: number;
  /** The same by cookies, where the session that they name changes the way. */
  readonly roundTripsByCookie?: number;
  /** Statements of each round trip, where one of them is a batch. */
  readonly statements?: readonly number[];
  /** The JSON body, without a token that stands for the caller. `now` is the time of the service, in milliseconds. */
  readonly body?: (account: Account, now: number) => Readonly<Record<string, unknown>>;
  /** Members that the example leaves out, with a value of the right type. */
  readonly furtherMembers?: Readonly<Record<string, unknown>>;
  /** Those that can only stand in the place of a member of the example, by the name of that. */
  readonly alternatives?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Every member of the body may be left out, and so may the body. */
  readonly isBodyOptional?: true;
  /** The answer without a body, where that is another. */
  readonly statusWithoutBody?: number;
  /** The fields of a form in place of a body, and the cookies of the visit that they belong to. */
  readonly form?: (account: Account) => Readonly<Record<string, string>>;
  readonly visit?: (account: Account) => Visit;
  /** The address, where the path has parameters. */
  readonly path?: (account: Account) => string;
  /** What stands behind it, where the route reads a query. */
  readonly query?: (account: Account) => string;
}

/** One in the form of a backup code, which nobody has. */
const backupCode = 'ABCD-EFGH-JKMN-PQRS-TUVW-XYZ2';

// One object, so that a client has one environment for all of them.
const withAdmin: Overrides = { ADMIN_SECRET: adminSecret };
const withProviders: Overrides = providerVariables();

/**
 * Every registered route by method and path, those of a feature with `examples` in its test folder by these.
 * route-table.test.ts fails when one is missing or no longer there.
 */
export const routeTable: Readonly<Record<string, RouteExample>> = merged<RouteExample>([
  broughtRoutes,
  {
    'GET /api/health': { status: 200, roundTrips: 1 },
    'GET /api/health/live': { status: 200, roundTrips: 0 },
    'GET /.well-known/jwks.json': { status: 200, roundTrips: 0 },
    'POST /api/auth/register': {
      status: 201,
      roundTrips: 1,
      statements: [9],
      body: () => registration(freshEmail()),
      furtherMembers: { transport: 'cookie' },
    },
    'POST /api/auth/login': {
      status: 200,
      roundTrips: 2,
      statements: [4, 6],
      body: ({ email }) => ({ email, password }),
      furtherMembers: { transport: 'cookie', trustedDeviceToken: 'nxt_token' },
    },
    'POST /api/auth/login/two-factor': {
      credential: 'challenge-token',
      by: 'twoFactor',
      status: 200,
      roundTrips: 2,
      statements: [7, 7],
      body: ({ twoFactor }, now) => ({ code: codeAt(twoFactor.secret, now) }),
      furtherMembers: { challengeToken: 'nxc_token', transport: 'cookie', trustDevice: true },
      alternatives: { code: { backupCode } },
    },
    'POST /api/auth/email/resend': {
      status: 202,
      roundTrips: 1,
      statements: [8],
      body: ({ email }) => ({ email }),
    },
    'POST /api/auth/email/verify': {
      status: 200,
      roundTrips: 2,
      // A live session stands for the password.
      roundTripsByCookie: 1,
      statements: [1, 12],
      body: ({ links }) => ({ token: links.verify_email, password }),
      furtherMembers: { transport: 'cookie' },
    },
    'POST /api/auth/refresh': {
      status: 200,
      roundTrips: 1,
      body: () => ({}),
      furtherMembers: { refreshToken: 'nxr_token' },
      isBodyOptional: true,
    },
    'POST /api/auth/logout': {
      status: 200,
      roundTrips: 1,
      statements: [2],
      body: () => ({}),
      furtherMembers: { refreshToken: 'nxr_token' },
      isBodyOptional: true,
    },
    'GET /api/auth/sessions': { status: 200, roundTrips: 1 },
    'DELETE /api/auth/sessions/:id': {
      status: 200,
      roundTrips: 1,
      statements: [7],
      path: ({ accessToken }) => `/api/auth/sessions/${decodeJwt(accessToken).sid}`,
    },
    'DELETE /api/auth/sessions': { status: 200, roundTrips: 1, statements: [7] },
    'GET /api/auth/me': { status: 200, roundTrips: 1 },
    'PATCH /api/auth/me': {
      status: 200,
      roundTrips: 1,
      statements: [3],
      body: () => ({ name: 'Changed Name' }),
      furtherMembers: { locale: 'de-CH' },
    },
    'POST /api/auth/reauthenticate': {
      status: 200,
      roundTrips: 2,
      statements: [5, 6],
      body: () => ({ password }),
      alternatives: { password: { code: '123456', backupCode, emailCode: '12345678' } },
    },
    'POST /api/auth/reauthenticate/email': {
      ...{ by: 'passwordless', status: 202, roundTrips: 2, statements: [1, 7] },
      ...{ body: () => ({}), isBodyOptional: true },
    },
    'POST /api/auth/password/change': {
      status: 200,
      roundTrips: 2,
      statements: [5, 13],
      body: () => ({
        currentPassword: password,
        newPassword: otherPassword,
        confirmPassword: otherPassword,
      }),
    },
    'POST /api/auth/password/forgot': {
      status: 202,
      roundTrips: 1,
      statements: [9],
      body: ({ email }) => ({ email }),
    },
    'POST /api/auth/password/reset': {
      status: 200,
      roundTrips: 2,
      statements: [1, 14],
      body: ({ links }) => ({
        token: links.reset_password,
        password: otherPassword,
        confirmPassword: otherPassword,
      }),
    },
    'POST /api/auth/unlock': {
      status: 200,
      roundTrips: 1,
      statements: [6],
      body: ({ links }) => ({ token: links.unlock }),
    },
    'POST /api/auth/not-me': {
      status: 200,
      roundTrips: 2,
      statements: [1, 14],
      body: ({ links }) => ({ token: links.not_me }),
      alternatives: { token: { eventId: '3f0e8a5c-6f3b-4f0e-9a55-0c7d2b7d6f10' } },
    },
    'DELETE /api/auth/me': {
      status: 200,
      roundTrips: 2,
      statements: [5, 10],
      body: () => ({ password }),
      isBodyOptional: true,
      // An account that has a password has to say it.
      statusWithoutBody: 403,
    },
    'POST /api/auth/email/change': {
      status: 202,
      roundTrips: 1,
      statements: [10],
      body: () => ({ newEmail: freshEmail() }),
    },
    'POST /api/auth/email/change/confirm': {
      status: 200,
      roundTrips: 2,
      statements: [2, 10],
      body: ({ links }) => ({ token: links.change_email, password }),
    },
    'POST /api/auth/email/change/revert': {
      status: 200,
      roundTrips: 2,
      statements: [1, 13],
      body: ({ links }) => ({ token: links.revert_email }),
    },
    'GET /api/auth/security-events': { status: 200, roundTrips: 1 },
    'GET /api/auth/me/export': { status: 200, roundTrips: 1, statements: [5] },
    'POST /api/auth/two-factor/setup': {
      ...{ by: 'twoFactor', status: 200, roundTrips: 1, statements: [4] },
      ...{ body: () => ({}), isBodyOptional: true },
    },
    'POST /api/auth/two-factor/enable': {
      ...{ by: 'twoFactor', status: 200, roundTrips: 2, statements: [1, 13] },
      body: ({ twoFactor }, now) => ({ code: codeAt(twoFactor.setupSecret, now) }),
    },
    'GET /api/auth/two-factor': {
      ...{ by: 'twoFactor', status: 200, roundTrips: 1 },
    },
    'POST /api/auth/two-factor/disable': {
      ...{ by: 'twoFactor', status: 200, roundTrips: 2, statements: [7, 12] },
      body: ({ twoFactor }, now) => ({ code: codeAt(twoFactor.secret, now) }),
      alternatives: { code: { backupCode } },
    },
    'POST /api/auth/two-factor/backup-codes': {
      ...{ by: 'twoFactor', status: 200, roundTrips: 1, statements: [5] },
      ...{ body: () => ({}), isBodyOptional: true },
    },
    'POST /api/auth/two-factor/keep': {
      ...{ status: 200, roundTrips: 1, statements: [5] },
      body: ({ twoFactor }) => ({ token: twoFactor.keepToken }),
    },
    'GET /api/auth/oauth/providers': { status: 200, roundTrips: 0 },
    'GET /api/auth/oauth/:provider': {
      ...{ variables: withProviders, status: 302, roundTrips: 0 },
      path: () => '/api/auth/oauth/google',
      query: () => 'redirectTo=/home',
    },
    'GET /api/auth/oauth/:provider/callback': {
      ...{
        variables: withProviders,
        status: 303,
        roundTrips: 2,
        statements: [2, 7],
      },
      path: () => '/api/auth/oauth/google/callback',
      query: ({ social: { visits } }) => `state=${visits.google.state}&code=${visits.google.code}`,
      visit: ({ social }) => social.visits.google,
    },
    'POST /api/auth/oauth/:provider/callback': {
      ...{
        variables: withProviders,
        status: 303,
        roundTrips: 2,
        statements: [2, 8],
      },
      path: () => '/api/auth/oauth/apple/callback',
      form: ({ social: { visits } }) => ({ state: visits.apple.state, code: visits.apple.code }),
      visit: ({ social }) => social.visits.apple,
    },
    'POST /api/auth/oauth/token': {
      ...{ status: 200, roundTrips: 2, statements: [1, 5] },
      body: ({ social: { appCode: code, codeVerifier } }) => ({ code, codeVerifier }),
      furtherMembers: { trustedDeviceToken: 'nxt_token' },
    },
    'POST /api/auth/oauth/:provider/id-token': {
      ...{ variables: withProviders, status: 200, roundTrips: 2, statements: [2, 7] },
      path: () => '/api/auth/oauth/google/id-token',
      body: ({ social: { idToken, nonce } }) => ({ idToken, nonce }),
      furtherMembers: {
        ...{ name: 'Native User', authorizationCode: 'c', transport: 'cookie' },
        trustedDeviceToken: 'nxt_token',
      },
    },
    'POST /api/auth/oauth/:provider/link': {
      ...{ by: 'social', variables: withProviders, status: 200, roundTrips: 1 },
      path: () => '/api/auth/oauth/github/link',
      ...{ body: () => ({ redirectTo: '/home' }), isBodyOptional: true },
    },
    'POST /api/auth/oauth/:provider/reauthenticate': {
      ...{ by: 'social', variables: withProviders, status: 200, roundTrips: 1 },
      path: () => '/api/auth/oauth/microsoft/reauthenticate',
      ...{ body: () => ({ redirectTo: '/home' }), isBodyOptional: true },
    },
    'GET /api/auth/identities': {
      ...{ by: 'social', status: 200, roundTrips: 1 },
    },
    'DELETE /api/auth/identities/:provider': {
      ...{ by: 'social', status: 200, roundTrips: 1, statements: [7] },
      path: () => '/api/auth/identities/google',
    },
    // In development, where these take no credential. The clean-up has one statement for each kind of rows, at least.
    'POST /api/admin/cleanup-sessions': { status: 200, roundTrips: 12 },
    'POST /api/admin/init-db': { status: 200, roundTrips: 2 },
    'POST /api/admin/users/:id/sign-out': {
      variables: withAdmin,
      status: 200,
      roundTrips: 1,
      statements: [7],
      path: ({ otherUserId }) => `/api/admin/users/${otherUserId}/sign-out`,
    },
    'POST /api/admin/users/:id/ban': {
      variables: withAdmin,
      status: 200,
      roundTrips: 1,
      statements: [8],
      path: ({ otherUserId }) => `/api/admin/users/${otherUserId}/ban`,
    },
    'POST /api/admin/users/:id/unban': {
      variables: withAdmin,
      status: 200,
      roundTrips: 1,
      statements: [3],
      path: ({ otherUserId }) => `/api/admin/users/${otherUserId}/unban`,
    },
    'POST /api/admin/users/:id/two-factor/reset': {
      variables: withAdmin,
      status: 202,
      roundTrips: 2,
      statements: [1, 5],
      path: ({ otherUserId }) => `/api/admin/users/${otherUserId}/two-factor/reset`,
    },
  },
]);

/** Somebody who calls. */
export interface Caller {
  readonly email: string;
  readonly userId: string;
  readonly accessToken: string;
  /** The one for the body. */
  readonly refreshToken: string;
  /** The cookies of ours, by name. */
  readonly cookies: Readonly<Record<string, string>>;
}

/** Who else calls: members of `Account`. */
export const callerKinds = ['twoFactor', 'social', 'passwordless'] as const;
export type CallerKind = (typeof callerKinds)[number];

/** Somebody who has just registered. */
export interface Account extends Caller, Readonly<Record<CallerKind, Caller>> {
  /** Somebody else: what an example does to them disturbs no other example. */
  readonly otherUserId: string;
  /** The event of their registration. */
  readonly eventId: string;
  /** Tokens of links that were mailed to them. */
  readonly links: Links;
  /** Somebody with two-factor, for the routes that need it. */
  readonly twoFactor: TwoFactorAccount;
  /** Somebody who signs in by a provider, for the routes that need it. */
  readonly social: SocialAccount;
  /** Somebody without a password, whose address is verified, for the routes that need it. */
  readonly passwordless: Caller;
}

export async function registerAccount(client: TestClient): Promise<Account> {
  const answer = await registerUser(client, {}, freshClient());
  const { accessToken, refreshToken, user } = answer.json;
  const [other] = await openDatabase(String(client.env.DATABASE_URL)).query<{ id: string }>(
    sql`
      INSERT INTO users (email, name, two_factor_since) VALUES (${freshEmail()}, 'Somebody Else', now())
      RETURNING id`,
  );
  const [registered] = await openDatabase(String(client.env.DATABASE_URL)).query<{ id: string }>(
    sql`SELECT id FROM security_events WHERE user_id = ${user.id}::uuid AND type = 'user_created'`,
  );
  const ids = { userId: user.id, otherUserId: other?.id ?? '', eventId: registered?.id ?? '' };
  const names = { email: answer.email, ...ids };
  const links = await storeLinks(client, user);
  const twoFactor = await insertTwoFactorAccount(client);
  const passwordless = await registerPasswordless(client);
  return {
    ...names,
    accessToken,
    refreshToken,
    links,
    cookies: authCookies(answer),
    twoFactor,
    passwordless,
    social: await insertSocialAccount(client),
  };
}

/** Registers somebody, and takes the password away: the account is as one that a provider vouches for. */
async function registerPasswordless(client: TestClient): Promise<Caller> {
  const answer = await registerUser(client, {}, freshClient());
  const { accessToken, refreshToken, user } = answer.json;
  await openDatabase(String(client.env.DATABASE_URL)).query(dropPassword(user.id));
  return { email: answer.email, userId: user.id, accessToken, refreshToken, cookies: authCookies(answer) };
}

/** A statement that leaves the user without a password, at an address that is verified. */
export function dropPassword(userId: string): Fragment {
  return sql`UPDATE users SET password_hash = NULL, email_verified_at = now() WHERE id = ${userId}::uuid`;
}

/** A request of the table, for `client.call(...)`. */
export type ExampleCall = [method: string, path: string, options: CallOptions];

/**
 * The example of a route with the caller's credentials, by bearer header and body, or by cookies, which then come
 * along on every route. Cookies carry the service's own Origin; `headers` replace that. A secret is a bearer always.
 * @param now the time of the service, where its clock is not ours
 */
export function exampleCall(
  key: string,
  account: Account,
  by: 'bearer' | 'cookie' = 'bearer',
  headers: Readonly<Record<string, string>> = {},
  now: number = Date.now(),
): ExampleCall {
  const { credential, body, form, visit, path: pathOf, query } = exampleOf(key);
  const [method = '', pattern = ''] = key.split(' ');
  const path = pathOf?.(account) ?? pattern;
  const caller = callerOf(key, account);
  const isPresented = by === 'bearer' || credential === 'admin-secret';
  const { bearer, body: tokens } = isPresented ? presentedBy(credential, caller, account) : {};
  const options: CallOptions = {
    headers,
    ...(body && { body: { ...body(account, now), ...(tokens as object | undefined) } }),
    ...(bearer !== undefined && { bearer }),
    ...(form && { form: form(account) }),
    ...((by === 'cookie' || visit) && {
      cookies: { ...(by === 'cookie' && caller.cookies), ...visit?.(account).cookies },
    }),
  };
  return [method, query === undefined ? path : `${path}?${query(account)}`, options];
}

/** Who calls in the example of a route. */
export function callerOf(key: string, account: Account): Caller {
  const { by } = exampleOf(key);
  return by === undefined ? account : account[by];
}

/** Every text of an account that nobody else may read, and of its other callers that are stored: all but their ids. */
export function privateTexts(account: Account): string[] {
  return Object.entries(account).flatMap(([name, value]) => (name.endsWith('Id') ? [] : textsIn(value)));
}

function textsIn(value: string | object): string[] {
  return typeof value === 'string' ? [value] : privateTexts(value as Account);
}

/** The members of the body of a route, each with a value of the right type. */
export function membersOf(key: string, account: Account): Readonly<Record<string, unknown>> {
  const { alternatives = {} } = exampleOf(key);
  return Object.assign({}, ...Object.values(alternatives), fullBody(key, account));
}

/** A valid body of the route that has the member, and every other that it knows beside it. */
export function fullBody(key: string, account: Account, member = ''): Readonly<Record<string, unknown>> {
  const { body, furtherMembers, alternatives = {} } = exampleOf(key);
  const full = { ...body?.(account, Date.now()), ...furtherMembers };
  for (const [replaced, others] of Object.entries(alternatives)) {
    if (!(member in others)) continue;
    const { [replaced]: _, ...rest } = full;
    return { ...rest, [member]: others[member] };
  }
  return full;
}

export function exampleOf(key: string): RouteExample & { readonly credential: Credential } {
  const example = routeTable[key];
  if (example === undefined)
    throw new Error(`no example for ${key}: it stands in test/features/<feature>/examples.ts`);
  return { credential: callers[guardOf(key)].credential, ...example };
}

/** The guard of a registered route. */
export function guardOf(key: string): keyof typeof callers {
  const guard = served.find((route) => keyOf(route) === key)?.guard;
  if (guard === undefined || guard === 'visitor' || guard === 'account-holder')
    throw new Error(`${key} is no route of the API`);
  return guard;
}

for (const [key, { variables }] of Object.entries(routeTable))
  if (variables !== undefined) serveWith(key.split(' ')[1] ?? '', variables);

const served = createApp().serves;

/** What the service serves to clients of the API, as the keys of the table. Pages have tables of their own. */
export const registeredRoutes: readonly string[] = served.filter(({ medium }) => medium === 'api').map(keyOf);

/** Those that a page can make a browser call: a secret is no cookie, and judged alone. */
export const unsafeRoutes = registeredRoutes.filter(
  (key) => !key.startsWith('GET ') && callers[guardOf(key)].credential !== 'admin-secret',
);
export const bodyRoutes = served.filter(({ loadBodySchema }) => loadBodySchema !== null).map(keyOf);

/** The schema of the body of one of `bodyRoutes`. */
export async function loadBodySchema(key: string, deps: Deps): Promise<z.core.$ZodType | undefined> {
  return served.find((route) => keyOf(route) === key)?.loadBodySchema?.(deps);
}

/** They make their way statement by statement and log it: what holds for the others is tested in test/features/admin. */
export const maintenanceRoutes = ['POST /api/admin/cleanup-sessions', 'POST /api/admin/init-db'];
export const databaseRoutes = registeredRoutes.filter(
  (key) => routeTable[key]?.roundTrips !== 0 && !maintenanceRoutes.includes(key),
);
/** Those whose failures are problem documents: health answers its own shape. */
export const databaseProblemRoutes = databaseRoutes.filter((key) => key !== 'GET /api/health');

function keyOf({ method, path }: { readonly method: string; readonly path: string }): string {
  return `${method} ${path}`;
}
