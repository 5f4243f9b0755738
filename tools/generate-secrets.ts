import { randomBytes } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';

/** The secrets that this service makes up for itself; all others come from other parties. */
export type Secrets = Readonly<
  Record<'AUTH_SECRET' | 'SIGNING_KEYS' | 'CRON_SECRET' | 'ADMIN_SECRET', string>
>;

/** Fresh values for one deployment: random, and of one line each. */
export async function generateSecrets(): Promise<Secrets> {
  return {
    AUTH_SECRET: randomBytes(32).toString('base64'),
    SIGNING_KEYS: JSON.stringify([await generateSigningKey()]),
    CRON_SECRET: randomBytes(32).toString('base64url'),
    ADMIN_SECRET: randomBytes(32).toString('base64url'),
  };
}

/** An ES256 key (RFC 7518 section 3.4) that is named by its thumbprint (RFC 7638), so that no two share a name. */
async function generateSigningKey(): Promise<Record<string, unknown>> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'ES256', use: 'sig' };
}
