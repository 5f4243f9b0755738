import { generateSecrets } from '../generate-secrets.ts';

/** LOGIN_ATTEMPTS_MAX: its maximum. */
export const attemptsMax = 100;

/** The public origin of the measured service. */
export const baseUrl = 'https://auth.example.com';

/**
 * Returns the variables of a deployed service with fresh secrets. The limits are as wide as possible and calls to
 * third parties are off, since a bench is a flood of requests from one machine.
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
