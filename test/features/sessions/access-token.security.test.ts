import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Answer, TestClient } from '../../support/client.ts';
import { baseUrl, generateSigningJwk, generateSigningKeys } from '../../support/test-env.ts';
import {
  encodeText,
  type Forgery,
  signEs256,
  signedByUs,
  signHs256,
  signingInput,
  signingJwk,
} from './forged-jwt.ts';
import { accessCookie, claimsOf, headerOf, type SignedIn, signIn } from './session-fixtures.ts';

const client = new TestClient();
let me: SignedIn;

beforeAll(async () => {
  me = await signIn(client);
});
afterEach(() => vi.restoreAllMocks());

/** Presents a token in both places; neither may open anything, reach the database, or ask anybody else. */
async function expectRefused(token: string): Promise<Answer> {
  const outbound = vi.spyOn(globalThis, 'fetch');
  const byBearer = await client.get('/api/auth/me', { bearer: token });
  const byCookie = await client.get('/api/auth/me', { cookies: { [accessCookie]: token } });
  for (const answer of [byBearer, byCookie]) {
    expect(answer, token).toMatchObject({ status: 401, roundTrips: 0, setCookies: [] });
    expect(answer.json.code).toBe('unauthenticated');
    expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer');
  }
  expect(outbound).not.toHaveBeenCalled();
  outbound.mockRestore();
  return byBearer;
}

async function expectForgeryRefused(forgery: Forgery): Promise<void> {
  await expectRefused(await signedByUs(client, me, forgery));
}

async function expectAccepted(forgery: Forgery): Promise<void> {
  const outbound = vi.spyOn(globalThis, 'fetch');
  const bearer = await signedByUs(client, me, forgery);
  expect(await client.get('/api/auth/me', { bearer })).toMatchObject({ status: 200, roundTrips: 1 });
  // The database alone: what `expectRefused` watches does see a call.
  expect(outbound).toHaveBeenCalledTimes(1);
  outbound.mockRestore();
}

const now = () => Math.floor(Date.now() / 1000);

test('a token made here like those of the service is good, so that each refusal below has its reason', async () => {
  await expectAccepted({});
});

// test/access-tokens/access-token.security.test.ts tries every spelling; here one of each class goes the way of a request.
describe('the algorithm of an access token', () => {
  test('"none" and an empty signature are refused, whatever stands for one (JWT-01)', async () => {
    const input = signingInput(client, me, { header: { alg: 'none' } });
    const [header, payload, signature] = me.accessToken.split('.');
    for (const end of ['.', '', `.${signature}`]) await expectRefused(input + end);
    for (const token of [`${header}.${payload}.`, `${header}.${payload}`, `${header}..${signature}`])
      await expectRefused(token);
  });

  test('HMAC under our public key is refused, and every algorithm but that of the key (JWT-02)', async () => {
    const { text: jwks, json } = await client.get('/.well-known/jwks.json');
    const input = signingInput(client, me, { header: { alg: 'HS256' } });
    for (const secret of [JSON.stringify(json.keys[0]), jwks, json.keys[0].x])
      await expectRefused(await signHs256(input, new TextEncoder().encode(secret)));
    for (const alg of ['ES384', 'RS256', 'HS256', undefined]) await expectForgeryRefused({ header: { alg } });
  });
});

describe('the key of an access token', () => {
  test.each<[string, unknown]>([
    ['a path', '../../dev/null'],
    ['SQL', "' OR 1=1--"],
    ['a URL', 'https://evil.example/key'],
    ['__proto__', '__proto__'],
    ['an object', { toString: 'test-key' }],
    ['no member at all', undefined],
  ])('%s as kid chooses none (JWT-03)', (_name, kid) => expectForgeryRefused({ header: { kid } }));

  test('a foreign key under our kid is refused, and one that comes with the token is not looked at (JWT-03, JWT-04)', async () => {
    const foreign = await generateSigningJwk(signingJwk(client).kid);
    const { d: _private, ...attacker } = foreign;
    const url = 'http://127.0.0.1:9/jwks.json';
    for (const header of [{}, { jwk: attacker }, { jku: url }, { x5u: url }, { x5c: ['MIIB'] }])
      await expectRefused(await signEs256(signingInput(client, me, { header }), foreign));
  });

  test('crit, b64 and zip are refused though the signature is ours (JWT-04)', async () => {
    for (const header of [{ crit: ['x-new'], 'x-new': true }, { crit: [] }, { b64: true }, { zip: 'DEF' }])
      await expectForgeryRefused({ header });
  });
});

describe('the signature of an access token', () => {
  test('covers every character of it (JWT-01)', async () => {
    const { accessToken } = me;
    // Not the last one, of whose six bits four mean nothing.
    for (let at = 0; at < accessToken.length - 1; at += 29) {
      const character = accessToken[at];
      if (character === '.') continue;
      const changed = `${accessToken.slice(0, at)}${character === 'A' ? 'B' : 'A'}${accessToken.slice(at + 1)}`;
      const answer = await client.get('/api/auth/me', { bearer: changed });
      expect(answer, `character ${at}`).toMatchObject({ status: 401, roundTrips: 0 });
    }
  });

  test('is judged before the claims: every refusal is the same 401 (JWT-11)', async () => {
    const foreign = await generateSigningJwk('test-key');
    const expired = { claims: { iat: now() - 3600, exp: now() - 2700 } };
    const answers = [
      await expectRefused(await signedByUs(client, me, expired)),
      await expectRefused(await signEs256(signingInput(client, me, expired), foreign)),
      await expectRefused(await signEs256(signingInput(client, me), foreign)),
      await expectRefused(await signedByUs(client, me, { claims: { aud: 'https://other.test' } })),
      await expectRefused('garbage'),
      await client.get('/api/auth/me'),
    ];
    const withoutId = answers.map(({ text }) => text.replace(/"requestId":"[^"]+"/, ''));
    expect(new Set(withoutId).size).toBe(1);
    const headerNames = answers.map(({ headers }) => [...headers.keys()].join());
    expect(new Set(headerNames).size).toBe(1);
  });

  test('an encrypted token costs no work at all (JWT-12)', async () => {
    const header = { alg: 'PBES2-HS256+A128KW', enc: 'A128CBC-HS256', p2c: 1e9, p2s: 'c2FsdA', zip: 'DEF' };
    const jwe = [JSON.stringify(header), 'key', 'iv', 'ciphertext', 'tag'].map(encodeText).join('.');
    const startedAt = Date.now();
    await expectRefused(jwe);
    // A billion rounds of PBKDF2 would take minutes: the margin is for a busy machine.
    expect(Date.now() - startedAt).toBeLessThan(500);
  });
});

// test/access-tokens/access-token.security.test.ts tries every value; here one of each class goes the way of a request.
describe('a claim of an access token, under our own signature', () => {
  test.each<[claim: string, wrong: unknown]>([
    ['iss', `${baseUrl}/`],
    ['iss', [baseUrl]],
    ['aud', `${baseUrl}.evil.example`],
    ['aud', [baseUrl]],
    ['sub', '../me'],
    ['sid', "'; DROP TABLE users; --"],
    ['iat', null],
    ['exp', '9999999999'],
    ['jti', ''],
    ['auth_time', true],
    ['amr', ['pwd', 1]],
  ])('%s is required, and refused as %j (JWT-05)', async (claim, wrong) => {
    await expectForgeryRefused({ claims: { [claim]: undefined } });
    await expectForgeryRefused({ claims: { [claim]: wrong } });
  });

  test('amr may be empty, as for a session of the legacy system', () =>
    expectAccepted({ claims: { amr: [] } }));

  test('sub and sid of nobody open nothing', async () => {
    for (const claims of [{ sub: crypto.randomUUID() }, { sid: crypto.randomUUID() }]) {
      const bearer = await signedByUs(client, me, { claims });
      expect(await client.get('/api/auth/me', { bearer })).toMatchObject({ status: 401, roundTrips: 1 });
    }
  });

  test('sid of another user’s session opens nothing', async () => {
    const other = await signIn(client);
    const bearer = await signedByUs(client, me, { claims: { sid: other.sessionId } });
    expect(await client.get('/api/auth/me', { bearer })).toMatchObject({ status: 401, roundTrips: 1 });
  });
});

test('the type of an access token is at+jwt, also in the long spelling of RFC 7515 section 4.1.9 (JWT-05, JWT-06)', async () => {
  for (const typ of [undefined, 'JWT', 'id_token', 'at+jwt+x'])
    await expectForgeryRefused({ header: { typ } });
  await expectAccepted({ header: { typ: 'application/at+jwt' } });
});

describe('the times of an access token', () => {
  test('are whole seconds between which it is good, of clocks that may differ by 30 (JWT-05, JWT-07)', async () => {
    await expectForgeryRefused({ claims: { exp: now() + 300.5 } });
    await expectForgeryRefused({ claims: { iat: now() - 600, exp: now() - 35 } });
    await expectAccepted({ claims: { iat: now() - 600, exp: now() - 20 } });
    await expectForgeryRefused({ claims: { iat: now() + 61, exp: now() + 961 } });
    await expectForgeryRefused({ claims: { nbf: now() + 61 } });
    await expectAccepted({ claims: { nbf: now() - 5 } });
  });

  test('an exp far ahead does not prolong it: iat counts as well (JWT-07)', async () => {
    await expectAccepted({ claims: { iat: now() - 800, exp: now() + 1e9 } });
    await expectForgeryRefused({ claims: { iat: now() - 961, exp: now() + 1e9 } });
  });

  test('a token of ours is good until its 15 minutes are over, then 401 without a round trip', async () => {
    const at = (seconds: number) => new TestClient({}, { now: () => Date.now() + seconds * 1000 });
    const bearer = me.accessToken;
    expect((await at(890).get('/api/auth/me', { bearer })).status).toBe(200);
    expect(await at(935).get('/api/auth/me', { bearer })).toMatchObject({ status: 401, roundTrips: 0 });
    expect(await at(-300).get('/api/auth/me', { bearer })).toMatchObject({ status: 401, roundTrips: 0 });
  });

  test('follow ACCESS_TOKEN_TTL_SECONDS, for bearer, body and cookie alike', async () => {
    const short = new TestClient({ ACCESS_TOKEN_TTL_SECONDS: '60' });
    const { bodyToken, cookieToken } = await signIn(short);
    const byBody = await short.post('/api/auth/refresh', { refreshToken: bodyToken });
    expect(byBody.json.expiresIn).toBe(60);
    const cookies = { '__Host-nexora_refresh': cookieToken };
    const byCookie = await short.post('/api/auth/refresh', undefined, { cookies });
    expect(byCookie.setCookies[0]).toMatch(/; Max-Age=60$/);
    const later = new TestClient({ ACCESS_TOKEN_TTL_SECONDS: '60' }, { now: () => Date.now() + 95_000 });
    expect((await later.get('/api/auth/me', { bearer: byBody.json.accessToken })).status).toBe(401);
  });
});

describe('the service’s own access tokens', () => {
  test('say what kind they are and which key signed them (JWT-06)', () => {
    expect(headerOf(me.accessToken)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: 'test-key' });
  });

  test('hold no personal data and live 15 minutes (JWT-10)', () => {
    const claims = claimsOf(me.accessToken) as { iat: number; exp: number };
    const names = ['iss', 'aud', 'sub', 'sid', 'iat', 'exp', 'jti', 'auth_time', 'acr', 'amr'];
    expect(Object.keys(claims).sort()).toEqual(names.sort());
    expect(claims.exp - claims.iat).toBe(900);
    expect(JSON.stringify(claims)).not.toContain(me.email);
    expect(JSON.stringify(claims)).not.toContain('Test User');
  });

  test('are refused by a deployment with another issuer, audience or key, though the session is the same', async () => {
    for (const overrides of [
      { BASE_URL: 'https://other.test' },
      { ACCESS_TOKEN_AUDIENCE: 'https://api.test' },
      { SIGNING_KEYS: await generateSigningKeys('test-key') },
    ]) {
      const answer = await new TestClient(overrides).get('/api/auth/me', { bearer: me.accessToken });
      expect(answer).toMatchObject({ status: 401, roundTrips: 0 });
    }
  });

  test('with an audience of their own are good where that audience is configured', async () => {
    const api = new TestClient({ ACCESS_TOKEN_AUDIENCE: 'https://api.test' });
    const { accessToken: bearer } = await signIn(api);
    expect(claimsOf(bearer).aud).toBe('https://api.test');
    expect((await api.get('/api/auth/me', { bearer })).status).toBe(200);
    expect((await client.get('/api/auth/me', { bearer })).status).toBe(401);
  });
});
