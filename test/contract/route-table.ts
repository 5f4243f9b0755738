import { decodeJwt } from 'jose';
import { createApp } from '../../src/app.ts';
import { sql } from '../../src/db/sql.ts';
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
import { type LinkOwner, storeLink } from '../support/links.ts';
import { adminSecret } from '../support/test-env.ts';

/** A valid request of one route, and what it costs. */
export interface RouteExample {
  /** What the caller presents: nothing, an access token, a refresh token, or ADMIN_SECRET. */
  readonly credential: 'none' | 'access-token' | 'refresh-token' | 'admin-secret';
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
  /** The JSON body, without a refresh token that stands for the caller. */
  readonly body?: (account: Account) => Readonly<Record<string, unknown>>;
  /** Members that the example leaves out, with a value of the right type. */
  readonly furtherMembers?: Readonly<Record<string, unknown>>;
  /** Every member of the body may be left out, and so may the body. */
  readonly isBodyOptional?: true;
  /** The answer without a body, where that is another. */
  readonly statusWithoutBody?: number;
  /** The address, where the path has parameters. */
  readonly path?: (account: Account) => string;
}

// One object, so that a client has one environment for all of them.
const withAdmin: Overrides = { ADMIN_SECRET: adminSecret };

/** Every registered route by method and path. route-table.test.ts fails when one is missing or no longer there. */
export const routeTable: Readonly<Record<string, RouteExample>> = {
  'GET /api/health': { credential: 'none', status: 200, roundTrips: 1 },
  'GET /api/health/live': { credential: 'none', status: 200, roundTrips: 0 },
  'GET /.well-known/jwks.json': { credential: 'none', status: 200, roundTrips: 0 },
  'POST /api/auth/register': {
    credential: 'none',
    status: 201,
    roundTrips: 1,
    statements: [9],
    body: () => registration(freshEmail()),
    furtherMembers: { transport: 'cookie' },
  },
  'POST /api/auth/login': {
    credential: 'none',
    status: 200,
    roundTrips: 2,
    statements: [4, 7],
    body: ({ email }) => ({ email, password }),
    furtherMembers: { transport: 'cookie' },
  },
  'POST /api/auth/email/resend': {
    credential: 'none',
    status: 202,
    roundTrips: 1,
    statements: [8],
    body: ({ email }) => ({ email }),
  },
  'POST /api/auth/email/verify': {
    credential: 'none',
    status: 200,
    roundTrips: 2,
    // A live session stands for the password.
    roundTripsByCookie: 1,
    statements: [1, 9],
    body: ({ links }) => ({ token: links.verify_email, password }),
    furtherMembers: { transport: 'cookie' },
  },
  'POST /api/auth/refresh': {
    credential: 'refresh-token',
    status: 200,
    roundTrips: 1,
    body: () => ({}),
    furtherMembers: { refreshToken: 'nxr_token' },
    isBodyOptional: true,
  },
  'POST /api/auth/logout': {
    credential: 'refresh-token',
    status: 200,
    roundTrips: 1,
    statements: [2],
    body: () => ({}),
    furtherMembers: { refreshToken: 'nxr_token' },
    isBodyOptional: true,
  },
  'GET /api/auth/sessions': { credential: 'access-token', status: 200, roundTrips: 1 },
  'DELETE /api/auth/sessions/:id': {
    credential: 'access-token',
    status: 200,
    roundTrips: 1,
    statements: [5],
    path: ({ accessToken }) => `/api/auth/sessions/${decodeJwt(accessToken).sid}`,
  },
  'DELETE /api/auth/sessions': { credential: 'access-token', status: 200, roundTrips: 1, statements: [5] },
  'GET /api/auth/me': { credential: 'access-token', status: 200, roundTrips: 1 },
  'PATCH /api/auth/me': {
    credential: 'access-token',
    status: 200,
    roundTrips: 1,
    statements: [3],
    body: () => ({ name: 'Changed Name' }),
    furtherMembers: { locale: 'de-CH' },
  },
  'POST /api/auth/reauthenticate': {
    credential: 'access-token',
    status: 200,
    roundTrips: 2,
    statements: [5, 6],
    body: () => ({ password }),
  },
  'POST /api/auth/password/change': {
    credential: 'access-token',
    status: 200,
    roundTrips: 2,
    statements: [5, 10],
    body: () => ({
      currentPassword: password,
      newPassword: otherPassword,
      confirmPassword: otherPassword,
    }),
  },
  'POST /api/auth/password/forgot': {
    credential: 'none',
    status: 202,
    roundTrips: 1,
    statements: [9],
    body: ({ email }) => ({ email }),
  },
  'POST /api/auth/password/reset': {
    credential: 'none',
    status: 200,
    roundTrips: 2,
    statements: [1, 10],
    body: ({ links }) => ({
      token: links.reset_password,
      password: otherPassword,
      confirmPassword: otherPassword,
    }),
  },
  'POST /api/auth/unlock': {
    credential: 'none',
    status: 200,
    roundTrips: 1,
    statements: [6],
    body: ({ links }) => ({ token: links.unlock }),
  },
  'POST /api/auth/not-me': {
    credential: 'none',
    status: 200,
    roundTrips: 2,
    statements: [1, 10],
    body: ({ links }) => ({ token: links.not_me }),
  },
  'DELETE /api/auth/me': {
    credential: 'access-token',
    status: 200,
    roundTrips: 2,
    statements: [5, 10],
    body: () => ({ password }),
    isBodyOptional: true,
    // An account that has a password has to say it.
    statusWithoutBody: 403,
  },
  'POST /api/auth/email/change': {
    credential: 'access-token',
    status: 202,
    roundTrips: 1,
    statements: [10],
    body: () => ({ newEmail: freshEmail() }),
  },
  'POST /api/auth/email/change/confirm': {
    credential: 'none',
    status: 200,
    roundTrips: 2,
    statements: [2, 10],
    body: ({ links }) => ({ token: links.change_email, password }),
  },
  'POST /api/auth/email/change/revert': {
    credential: 'none',
    status: 200,
    roundTrips: 2,
    statements: [1, 9],
    body: ({ links }) => ({ token: links.revert_email }),
  },
  'GET /api/auth/security-events': { credential: 'access-token', status: 200, roundTrips: 1 },
  'GET /api/auth/me/export': { credential: 'access-token', status: 200, roundTrips: 1, statements: [5] },
  // In development, where these take no credential. The clean-up has one statement for each kind of rows, at least.
  'POST /api/admin/cleanup-sessions': { credential: 'none', status: 200, roundTrips: 8 },
  'POST /api/admin/init-db': { credential: 'none', status: 200, roundTrips: 2 },
  'POST /api/admin/users/:id/sign-out': {
    credential: 'admin-secret',
    variables: withAdmin,
    status: 200,
    roundTrips: 1,
    statements: [5],
    path: ({ otherUserId }) => `/api/admin/users/${otherUserId}/sign-out`,
  },
  'POST /api/admin/users/:id/ban': {
    credential: 'admin-secret',
    variables: withAdmin,
    status: 200,
    roundTrips: 1,
    statements: [6],
    path: ({ otherUserId }) => `/api/admin/users/${otherUserId}/ban`,
  },
  'POST /api/admin/users/:id/unban': {
    credential: 'admin-secret',
    variables: withAdmin,
    status: 200,
    roundTrips: 1,
    statements: [3],
    path: ({ otherUserId }) => `/api/admin/users/${otherUserId}/unban`,
  },
};

/** Somebody who has just registered. */
export interface Account {
  readonly email: string;
  readonly userId: string;
  /** Somebody else: what an example does to them disturbs no other example. */
  readonly otherUserId: string;
  readonly accessToken: string;
  /** The one for the body. */
  readonly refreshToken: string;
  /** Tokens of links that were mailed to them. */
  readonly links: Readonly<Record<LinkKind, string>>;
  /** Both cookies of ours, by name. */
  readonly cookies: Readonly<Record<string, string>>;
}

type LinkKind = 'verify_email' | 'reset_password' | 'unlock' | 'not_me' | 'change_email' | 'revert_email';

export async function registerAccount(client: TestClient): Promise<Account> {
  const answer = await registerUser(client, {}, freshClient());
  const { accessToken, refreshToken, user } = answer.json;
  const [other] = await openDatabase(String(client.env.DATABASE_URL)).query<{ id: string }>(
    sql`INSERT INTO users (email, name) VALUES (${freshEmail()}, 'Somebody Else') RETURNING id`,
  );
  const names = { email: answer.email, userId: user.id, otherUserId: other?.id ?? '' };
  const links = await storeLinks(client, user);
  return { ...names, accessToken, refreshToken, links, cookies: authCookies(answer) };
}

/** Stores a link of each kind for the user, as the flows that mail them do. */
export async function storeLinks(client: TestClient, user: LinkOwner): Promise<Account['links']> {
  const [before, after] = [freshEmail(), freshEmail()];
  return {
    verify_email: await storeLink(client, 'verify_email', user),
    reset_password: await storeLink(client, 'reset_password', user),
    unlock: await storeLink(client, 'unlock', user),
    not_me: await storeLink(client, 'not_me', user),
    change_email: await storeLink(client, 'change_email', { ...user, email: after }, { target: after }),
    revert_email: await storeLink(client, 'revert_email', { ...user, email: before }, { target: before }),
  };
}

/** A request of the table, for `client.call(...)`. */
export type ExampleCall = [method: string, path: string, options: CallOptions];

/**
 * The example of a route with the account's credentials, by bearer header and body, or by cookies, which then come
 * along on every route. Cookies carry the service's own Origin; `headers` replace that. A secret is a bearer always.
 */
export function exampleCall(
  key: string,
  account: Account,
  by: 'bearer' | 'cookie' = 'bearer',
  headers: Readonly<Record<string, string>> = {},
): ExampleCall {
  const { credential, body, path: pathOf } = exampleOf(key);
  const [method = '', pattern = ''] = key.split(' ');
  const path = pathOf?.(account) ?? pattern;
  const token = credential === 'refresh-token' && by === 'bearer' && { refreshToken: account.refreshToken };
  const options: CallOptions = {
    headers,
    ...(body && { body: { ...body(account), ...token } }),
    ...(credential === 'access-token' && by === 'bearer' && { bearer: account.accessToken }),
    ...(credential === 'admin-secret' && { bearer: adminSecret }),
    ...(by === 'cookie' && { cookies: account.cookies }),
  };
  return [method, path, options];
}

/** A valid body of the route with every member that it knows. */
export function fullBody(key: string, account: Account): Readonly<Record<string, unknown>> {
  const { body, furtherMembers } = exampleOf(key);
  return { ...body?.(account), ...furtherMembers };
}

export function exampleOf(key: string): RouteExample {
  const example = routeTable[key];
  if (example === undefined) throw new Error(`no example for ${key}`);
  return example;
}

for (const [key, { variables }] of Object.entries(routeTable))
  if (variables !== undefined) serveWith(key.split(' ')[1] ?? '', variables);

const served = createApp().serves;

/** What the service serves to clients of the API, as the keys of the table. Pages have tables of their own. */
export const registeredRoutes: readonly string[] = served.filter(({ medium }) => medium === 'api').map(keyOf);

/** Those that a page can make a browser call: a secret is no cookie, and judged alone. */
export const unsafeRoutes = registeredRoutes.filter(
  (key) => !key.startsWith('GET ') && routeTable[key]?.credential !== 'admin-secret',
);
export const bodyRoutes = served.filter(({ hasBody }) => hasBody).map(keyOf);
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
