import { inject } from 'vitest';
import type { Env } from '../../src/config.ts';
import { databaseUrl } from './database.ts';

export const baseUrl = 'https://auth.test';

/** Secrets made for this run; nothing in the repository opens anything. */
let authSecret = randomSecret();
/** What operators present. */
export const cronSecret = randomSecret();
export const adminSecret = randomSecret();
const signingKeys = await generateSigningKeys('test-key');

/** Variables in place of those that all tests have; undefined unsets one. */
export type Overrides = Readonly<Record<string, string | undefined>>;

/**
 * A full, valid configuration against the file's database, in development. Otherwise it has nothing for a route that only
 * some configurations serve: what such a one needs, its example in test/contract/route-table.ts says, and the tests of its
 * feature say it to their clients.
 */
export function testEnv(overrides: Overrides = {}): Env {
  const { ENVIRONMENT: environment } = { ENVIRONMENT: 'development', ...overrides };
  const isDevelopment = environment === 'development';
  return {
    ENVIRONMENT: 'development',
    BASE_URL: baseUrl,
    DATABASE_URL: databaseUrl(),
    DATABASE_HTTP_ENDPOINT: inject('databaseEndpoint'),
    AUTH_SECRET: authSecret,
    SIGNING_KEYS: signingKeys,
    CRON_SECRET: cronSecret,
    ALLOWED_ORIGINS: 'https://app.test',
    BREACHED_PASSWORD_CHECK: 'false',
    // Tests come from one address, or from none, which is the strictest bucket.
    RATE_LIMIT_PER_MINUTE: '100000',
    // Mails stay in the outbox, where test/support/mailbox.ts reads them; that transport is for development alone.
    MAIL_TRANSPORT: isDevelopment ? 'outbox' : 'log',
    ...overrides,
  };
}

/** Gives the next file another AUTH_SECRET. */
export function renewAuthSecret(): void {
  authSecret = randomSecret();
}

/** 32 random bytes in base64, as AUTH_SECRET wants them. */
export function randomSecret(): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));
}

/** SIGNING_KEYS with one fresh ES256 key. */
export async function generateSigningKeys(kid: string): Promise<string> {
  return JSON.stringify([await generateSigningJwk(kid)]);
}

export async function generateSigningJwk(kid: string): Promise<JsonWebKey & { kid: string; alg: 'ES256' }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const pair = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair;
  const { kty, crv, x, y, d } = (await crypto.subtle.exportKey('jwk', pair.privateKey)) as JsonWebKey;
  return { kty, crv, x, y, d, kid, alg: 'ES256' } as JsonWebKey & { kid: string; alg: 'ES256' };
}
