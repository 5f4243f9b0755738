/// <reference path="../../src/crypto/wasm-module.d.ts" />
import { type NeonQueryFunction, neon, neonConfig } from '@neondatabase/serverless';
import { Hono } from 'hono';
import { base64url, importJWK, type JWK, jwtVerify, SignJWT } from 'jose';
import { hashPassword } from '../../src/crypto/password-hash.ts';
import { RootKey } from '../../src/crypto/root-key.ts';
import type { SentStatement } from './replay.ts';

// The floors of the bench: for each hot route a bare one that does the same cryptography, sends the same statements, and
// answers with the same members, with the same libraries and nothing else.

/** The variables of the bare Worker. The secrets are those of the service, so that both accept the same tokens. */
interface BareEnv {
  readonly DATABASE_URL: string;
  readonly DATABASE_HTTP_ENDPOINT: string;
  readonly ISSUER: string;
  readonly SIGNING_KEYS: string;
  readonly AUTH_SECRET: string;
}

/** The lifetime of an access token of the service. */
const accessTokenTtlSeconds = 900;

const app = new Hono<{ Bindings: BareEnv }>();

/** Verifies one ES256 token and reads its user and its session. */
app.get('/me', async (c) => {
  await verify(c.env, c.req.header('Authorization'));
  const row = await ask<MeRow>(c.env, 'me');
  if (row === undefined) return c.json({ success: false }, 401);
  return c.json({
    success: true,
    user: {
      id: row.user_id,
      email: row.email,
      name: row.name,
      emailVerified: row.email_verified,
      twoFactorEnabled: row.two_factor_enabled,
      hasPassword: row.has_password,
      createdAt: row.user_created_at.toISOString(),
      updatedAt: row.user_updated_at.toISOString(),
    },
    session: {
      id: row.session_id,
      current: true,
      createdAt: row.session_created_at.toISOString(),
      lastActiveAt: row.last_active_at.toISOString(),
      expiresAt: row.absolute_expires_at.toISOString(),
      ipAddress: row.ip_address,
      location: row.location,
      device: row.device,
      method: row.method,
    },
  });
});

/** The same, and signs one token: what the budget of a refresh is over. */
app.get('/me-and-sign', async (c) => {
  const { auth_time } = await verify(c.env, c.req.header('Authorization'));
  const row = await ask<MeRow>(c.env, 'me');
  if (row === undefined) return c.json({ success: false }, 401);
  return c.json({ success: true, accessToken: await sign(c.env, { ...row, auth_time, amr: ['pwd'] }) });
});

/** Checks one MAC, updates the session, signs one ES256 token and makes one MAC. */
app.post('/refresh', async (c) => {
  const { macKey } = await prepare(c.env);
  const presented = await readRefreshToken(c.env, await c.req.json());
  if (presented === null) return c.json({ success: false }, 401);
  const row = await ask<RefreshRow>(c.env, 'refresh');
  if (row === undefined) return c.json({ success: false }, 401);

  const content = presented.content.slice();
  new DataView(content.buffer).setUint32(17, row.counter + 1);
  const token = new Uint8Array(53);
  token.set(content);
  token.set(new Uint8Array(await crypto.subtle.sign('HMAC', macKey, content)), 21);
  const accessToken = await sign(c.env, row);
  return c.json({
    success: true,
    accessToken,
    refreshToken: `nxr_${base64url.encode(token)}`,
    tokenType: 'Bearer',
    expiresIn: accessTokenTtlSeconds,
    refreshExpiresIn: row.expires_in,
  });
});

/** Checks one MAC and ends the session. */
app.post('/logout', async (c) => {
  const presented = await readRefreshToken(c.env, await c.req.json());
  if (presented === null) return c.json({ success: false }, 401);
  await ask(c.env, 'logout');
  return c.json({ success: true, message: 'Signed out' });
});

/** Verifies one ES256 token and ends the session. */
app.post('/logout-by-bearer', async (c) => {
  await verify(c.env, c.req.header('Authorization'));
  await ask(c.env, 'logout');
  return c.json({ success: true, message: 'Signed out' });
});

/** Hashes one password with the live parameters. */
app.post('/hash', async (c) => {
  await hashPassword('correct horse battery staple');
  return c.json({ success: true });
});

/** What a token is signed of. */
interface SignedRow {
  readonly session_id: string;
  readonly user_id: string;
  readonly auth_time: unknown;
  readonly amr: readonly string[];
}

interface RefreshRow extends SignedRow {
  readonly counter: number;
  readonly expires_in: number;
}

type TimeColumn =
  | `${'user' | 'session'}_created_at`
  | 'user_updated_at'
  | 'last_active_at'
  | 'absolute_expires_at';

type MeRow = Readonly<Record<TimeColumn, Date>> &
  Pick<SignedRow, 'session_id' | 'user_id'> &
  Readonly<Record<string, unknown>>;

/** What the floors ask the database: the statements that the service sends, by the name of the route. */
const statements = new Map<string, readonly SentStatement[]>();

app.post('/statements/:route', async (c) => {
  statements.set(c.req.param('route'), await c.req.json());
  return c.json({ success: true });
});

async function ask<R extends object>(env: BareEnv, route: string): Promise<R | undefined> {
  const { query } = await prepare(env);
  const [first, ...others] = (statements.get(route) ?? []).map(({ query: text, params }) =>
    query.query(text, [...params]),
  );
  if (first === undefined) throw new Error(`nobody has said what ${route} asks`);
  if (others.length === 0) return (await first)[0] as R | undefined;
  const [rows] = await query.transaction([first, ...others], { isolationLevel: 'ReadCommitted' });
  return rows?.[0] as R | undefined;
}

async function sign(env: BareEnv, { session_id: sid, user_id, auth_time, amr }: SignedRow) {
  const { privateKey, kid } = await prepare(env);
  const issuedAt = Math.floor(Date.now() / 1000);
  return new SignJWT({ sid, auth_time, acr: 'aal1', amr })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
    .setIssuer(env.ISSUER)
    .setAudience(env.ISSUER)
    .setSubject(user_id)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + accessTokenTtlSeconds)
    .setJti(crypto.randomUUID())
    .sign(privateKey);
}

async function verify(env: BareEnv, authorization = '') {
  const { publicKey } = await prepare(env);
  const { ISSUER: issuer } = env;
  const options = { algorithms: ['ES256'], issuer, audience: issuer };
  return (await jwtVerify(authorization.slice('Bearer '.length), publicKey, options)).payload;
}

async function readRefreshToken(env: BareEnv, { refreshToken }: { readonly refreshToken: string }) {
  const { macKey } = await prepare(env);
  const bytes = base64url.decode(refreshToken.slice('nxr_'.length));
  const content = bytes.slice(0, 21);
  if (!(await crypto.subtle.verify('HMAC', macKey, bytes.slice(21), content))) return null;
  return { content };
}

/** What the bare Worker makes of its variables with the first request. */
interface BareRuntime {
  readonly query: NeonQueryFunction<false, false>;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  /**
   * HMAC-SHA-256 of refresh tokens by WebCrypto, which takes 2 us of CPU for 21 bytes, and 5 us by @noble/hashes (a
   * thousand at once in workerd 1.20261117).
   */
  readonly macKey: CryptoKey;
}

let prepared: BareRuntime | undefined;

async function prepare(env: BareEnv): Promise<BareRuntime> {
  prepared ??= await create(env);
  return prepared;
}

async function create(env: BareEnv): Promise<BareRuntime> {
  neonConfig.fetchEndpoint = () => env.DATABASE_HTTP_ENDPOINT;
  const [{ d, ...publicJwk } = {} as JWK] = JSON.parse(env.SIGNING_KEYS) as JWK[];
  const { kty, crv, x, y, kid = '' } = publicJwk;
  const secret = new RootKey(base64Bytes(env.AUTH_SECRET)).subKey('refresh-token');
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  return {
    query: neon(env.DATABASE_URL, { disableWarningInBrowsers: true }),
    kid,
    privateKey: (await importJWK({ kty, crv, x, y, d } as JWK, 'ES256')) as CryptoKey,
    publicKey: (await importJWK({ kty, crv, x, y } as JWK, 'ES256')) as CryptoKey,
    macKey: await crypto.subtle.importKey('raw', secret, hmac, false, ['sign', 'verify']),
  };
}

function base64Bytes(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

export default app;
