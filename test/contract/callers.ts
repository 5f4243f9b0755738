import type { Guard, PageGuard } from '../../src/http/guards.ts';
import type { CallOptions } from '../support/client.ts';
import { adminSecret } from '../support/test-env.ts';
import type { Account, Caller } from './route-table.ts';

/** What the caller of an example presents; `none` where development asks for nothing too. */
export type Credential =
  | 'none'
  | 'access-token'
  | 'refresh-token'
  | 'challenge-token'
  | 'visit-cookie'
  | 'admin-secret';

/** Somebody whom a guard refuses: what they send beside the example, and what they are told. */
type Refused = readonly [who: string, sent: (account: Account) => CallOptions, status: number, code: string];

const refusedTokens = (tokens: readonly string[], status: number, code: string): Refused[] =>
  tokens.map((bearer) => [`the bearer ${bearer.slice(0, 20)}`, () => ({ bearer }), status, code]);

const foreignPage: Refused = [
  'a foreign page',
  () => ({ headers: { Origin: 'https://evil.example' } }),
  403,
  'csrf_rejected',
];

/** Callers by the guard of a route: what a good one presents, and who is refused before anything is asked of the database. */
export const callers: Readonly<
  Record<Exclude<Guard, PageGuard>, { readonly credential: Credential; readonly refused: readonly Refused[] }>
> = {
  anyone: { credential: 'none', refused: [foreignPage] },
  'token-holder': { credential: 'refresh-token', refused: [foreignPage] },
  session: {
    credential: 'access-token',
    refused: [
      ['nobody', () => ({}), 401, 'unauthenticated'],
      ['a refresh token', ({ refreshToken }) => ({ bearer: refreshToken }), 401, 'unauthenticated'],
      ...refusedTokens(['x', adminSecret], 401, 'unauthenticated'),
    ],
  },
  // The state of the visit decides, and a page tells of it: csrf.test.ts, test/features/social.
  'identity-provider': { credential: 'visit-cookie', refused: [] },
  cron: { credential: 'none', refused: [foreignPage] },
  developer: { credential: 'none', refused: [foreignPage] },
  admin: {
    credential: 'admin-secret',
    refused: [
      ['nobody', () => ({}), 401, 'unauthenticated'],
      ['somebody who is signed in', ({ accessToken }) => ({ bearer: accessToken }), 401, 'unauthenticated'],
      ['cookies', ({ cookies }) => ({ cookies }), 401, 'unauthenticated'],
      ...refusedTokens([`${adminSecret}x`], 401, 'unauthenticated'),
    ],
  },
};

/** What stands for the caller in a request by bearer and body, and never as a cookie. */
export function presentedBy(credential: Credential, caller: Caller, account: Account): CallOptions {
  switch (credential) {
    case 'access-token':
      return { bearer: caller.accessToken };
    case 'admin-secret':
      return { bearer: adminSecret };
    case 'refresh-token':
      return { body: { refreshToken: caller.refreshToken } };
    case 'challenge-token':
      return { body: { challengeToken: account.twoFactor.challengeToken } };
    default:
      return {};
  }
}
