import { generateSecrets } from '../generate-secrets.ts';

/** LOGIN_ATTEMPTS_MAX: the most that can be configured. */
export const attemptsMax = 100;

/** The origin under which the measured service believes to run. */
export const baseUrl = 'https://auth.example.com';

/**
 * Variables of a service as it is deployed, with fresh secrets, but for the limits of API.md, which are as wide as they
 * go, and the calls to third parties, which are off: a bench is a flood from one machine.
 */
export async function createServiceVars(database: { readonly url: string; readonly endpoint: string }) {
  return {
    ...(await generateSecrets()),
    BASE_URL: baseUrl,
    DATABASE_URL: database.url,
    DATABASE_HTTP_ENDPOINT: database.endpoint,
    BREACHED_PASSWORD_CHECK: 'false',
    RATE_LIMIT_PER_MINUTE: '100000',
    LOGIN_ATTEMPTS_MAX: String(attemptsMax),
  };
}
