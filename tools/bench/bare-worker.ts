/// <reference path="../../src/crypto/wasm-module.d.ts" />
import { type NeonQueryFunction, neon, neonConfig } from '@neondatabase/serverless';
import { Hono } from 'hono';
import { importJWK, type JWK, jwtVerify } from 'jose';
import { hashPassword } from '../../src/crypto/password-hash.ts';

// The baseline of the bench: the same libraries and nothing else.

interface BareEnv {
  readonly DATABASE_URL: string;
  readonly DATABASE_HTTP_ENDPOINT: string;
  readonly ISSUER: string;
  readonly PUBLIC_JWK: string;
}

interface Prepared {
  readonly query: NeonQueryFunction<false, false>;
  readonly publicKey: CryptoKey | Uint8Array;
}

let prepared: Prepared | undefined;

async function prepare(env: BareEnv): Promise<Prepared> {
  neonConfig.fetchEndpoint = () => env.DATABASE_HTTP_ENDPOINT;
  const publicKey = await importJWK(JSON.parse(env.PUBLIC_JWK) as JWK, 'ES256');
  return { query: neon(env.DATABASE_URL, { disableWarningInBrowsers: true }), publicKey };
}

const app = new Hono<{ Bindings: BareEnv }>();

/** Verifies one ES256 token and runs one SELECT. */
app.get('/me', async (c) => {
  prepared ??= await prepare(c.env);
  const { query, publicKey } = prepared;
  const token = c.req.header('Authorization')?.slice('Bearer '.length) ?? '';
  const { ISSUER: issuer } = c.env;
  const { payload } = await jwtVerify(token, publicKey, { algorithms: ['ES256'], issuer, audience: issuer });
  const [user] = await query.query('SELECT id, email, name, created_at FROM users WHERE id = $1', [
    payload.sub,
  ]);
  return c.json({ user });
});

/** Hashes one password with the live parameters. */
app.post('/hash', async (c) => {
  await hashPassword('correct horse battery staple');
  return c.json({ success: true });
});

export default app;
