import type { BenchRequest, BenchResponse, HttpClient } from './http-client.ts';

/** The tokens of one session, and of the device that it was opened on. */
export interface Tokens {
  readonly deviceToken: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** The one account of a bench that needs no more. */
export const account = { email: 'bench@example.com', password: 'correct horse battery staple' };

/** The requests for one account whose cost is watched. */
export const accountRequests = {
  me: (accessToken: string) => ({ method: 'GET', path: '/api/auth/me', headers: bearer(accessToken) }),
  refresh: (refreshToken: string) => ({ method: 'POST', path: '/api/auth/refresh', body: { refreshToken } }),
  logout: (refreshToken: string) => ({ method: 'POST', path: '/api/auth/logout', body: { refreshToken } }),
  logoutByBearer: (accessToken: string) => ({
    ...{ method: 'POST', path: '/api/auth/logout', headers: bearer(accessToken) },
  }),
  login: (deviceToken: string) => ({
    ...{ method: 'POST', path: '/api/auth/login', body: account },
    headers: { 'x-device-token': deviceToken },
  }),
} as const satisfies Readonly<Record<string, (token: string) => BenchRequest>>;

/** Registers the account. */
export async function registerAccount(client: HttpClient): Promise<Tokens> {
  const body = { ...account, confirmPassword: account.password, name: 'Bench' };
  const { status, headers, text } = await client.send({ method: 'POST', path: '/api/auth/register', body });
  if (status !== 201) throw new Error(`the account was not created: ${status} ${text}`);
  return {
    ...(JSON.parse(text) as Omit<Tokens, 'deviceToken'>),
    deviceToken: String(headers['x-device-token']),
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
