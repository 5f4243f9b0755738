import { randomBytes } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';

/** The secrets that are generated for the service; all others come from other parties. */
export type Secrets = Readonly<
  Record<'AUTH_SECRET' | 'SIGNING_KEYS' | 'CRON_SECRET' | 'ADMIN_SECRET', string>
>;

/** Generates fresh random values for one deployment, each on one line. */
export async function generateSecrets(): Promise<Secrets> {
  return {
    AUTH_SECRET: randomBytes(32).toString('base64'),
    SIGNING_KEYS: JSON.stringify([await generateSigningKey()]),
    CRON_SECRET: randomBytes(32).toString('base64url'),
    ADMIN_SECRET: randomBytes(32).toString('base64url'),
  };
}

/** Generates an ES256 key (RFC 7518 section 3.4) whose kid is its thumbprint (RFC 7638), so that no two share one. */
async function generateSigningKey(): Promise<Record<string, unknown>> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'ES256', use: 'sig' };
}
