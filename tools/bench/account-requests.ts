import type { BenchRequest, BenchResponse, HttpClient } from './http-client.ts';

/** The tokens of one session, the address of its account, and the token of the device that it was opened on. */
export interface SignedIn {
  readonly email: string;
  readonly deviceToken: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** The password of every account of a bench. */
export const password = 'correct horse battery staple';

type Of<Name extends keyof SignedIn> = Pick<SignedIn, Name>;

/** The requests for one account whose cost is watched. */
export const accountRequests = {
  me: ({ accessToken }: Of<'accessToken'>) => ({
    ...{ method: 'GET', path: '/api/auth/me', headers: bearer(accessToken) },
  }),
  refresh: ({ refreshToken }: Of<'refreshToken'>) => ({
    ...{ method: 'POST', path: '/api/auth/refresh', body: { refreshToken } },
  }),
  logout: ({ refreshToken }: Of<'refreshToken'>) => ({
    ...{ method: 'POST', path: '/api/auth/logout', body: { refreshToken } },
  }),
  logoutByBearer: ({ accessToken }: Of<'accessToken'>) => ({
    ...{ method: 'POST', path: '/api/auth/logout', headers: bearer(accessToken) },
  }),
  login: ({ email, deviceToken }: Of<'email' | 'deviceToken'>) => ({
    ...{ method: 'POST', path: '/api/auth/login', body: { email, password } },
    headers: { 'x-device-token': deviceToken },
  }),
} as const satisfies Readonly<Record<string, (account: SignedIn) => BenchRequest>>;

/** Registers an account. */
export async function registerAccount(client: HttpClient, email = 'bench@example.com'): Promise<SignedIn> {
  const body = { email, password, confirmPassword: password, name: 'Bench' };
  const { status, headers, text } = await client.send({ method: 'POST', path: '/api/auth/register', body });
  if (status !== 201) throw new Error(`the account was not created: ${status} ${text}`);
  return {
    ...(JSON.parse(text) as Of<'accessToken' | 'refreshToken'>),
    ...{ email, deviceToken: String(headers['x-device-token']) },
  };
}

/** The round trips to the database of an answer, as the service reports them; undefined if it does not. */
export function roundTripsOf({ headers }: BenchResponse): string | undefined {
  return /\bdb;desc="(\d+)"/.exec(String(headers['server-timing']))?.[1];
}

/** The header of an access token. */
export function bearer(accessToken: string): Record<string, string> {
  return { authorization: `Bearer ${accessToken}` };
}
